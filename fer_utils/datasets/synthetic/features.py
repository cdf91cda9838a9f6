"""Eyes, brows, nose and mouth: polygons from the person and the motions of the action units.

Coordinates are half face widths from between the eyes, x to the right of the picture, y down.
"""

import numpy as np

from fer_utils.datasets.synthetic.curves import SIDES, between, ellipse, nodes, smooth, strip

_LID = np.linspace(-1, 1, 11)  # along an eye from its inner to its outer corner
_LIP = np.linspace(-1, 1, 15)  # along the mouth, left to right in the picture


def eye_shapes(person, motion):
    """Return each eye's white, iris, pupil, glint, lashes and the crease of its lid."""
    open_share = 1 - np.clip(motion["lid_close"], 0, 1)
    high = np.clip((person.eye_open + motion["lid_up"]) * open_share, 0.004, None)[:, None]
    low = np.clip(
        (0.48 * person.eye_open - motion["lid_low"]) * (0.5 + 0.5 * open_share), -0.02, None
    )[:, None]
    bow = (1 - _LID**2) ** 0.75
    tilt = (person.eye_tilt - 0.3 * motion["lid_slant"])[:, None] * _LID
    # The inner brow pulls the inner part of the lid up with it (AU1).
    upper = tilt - high * bow * (1 - 6 * np.clip(motion["lid_slant"], 0, 0.05)[:, None] * _LID)
    lower = np.maximum(tilt + low * bow, upper + 0.006)
    shapes = {}
    for side, letter in SIDES:
        eye = _eye(person, side, upper, lower, open_share)
        shapes |= {f"{name}_{letter}": points for name, points in eye.items()}
    return shapes


def _eye(person, side, upper, lower, open_share):
    x = side * (person.eye_apart[:, None] + person.eye_width[:, None] * _LID)
    fold = (person.crease * (0.4 + 0.6 * open_share))[:, None]
    thick = (0.026 + 0.014 * person.woman)[:, None] * np.linspace(0.6, 1.2, _LID.size)
    return {
        "white": between(x, upper, lower),
        "iris": _disc(person, side, upper, lower, 0.108, 0.0),
        "pupil": _disc(person, side, upper, lower, 0.048, 0.0),
        "glint": _disc(person, side, upper, lower, 0.024, -0.04),
        "crease": strip(x, upper - fold - 0.012, 0.014),
        "lash": strip(x, upper - 0.6 * thick, thick),
        "lower_lash": strip(x, lower, 0.012),
    }


def _disc(person, side, upper, lower, radius, lift):
    """Return a disc of the eyeball, as far as the lids let it show."""
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    x = side * person.eye_apart[:, None] + 0.5 * lift + radius * np.cos(turn)
    y = -0.012 + lift + radius * np.sin(turn)
    along = (side * x - person.eye_apart[:, None]) / person.eye_width[:, None]
    at = np.clip(np.rint((along + 1) * 0.5 * (_LID.size - 1)), 0, _LID.size - 1).astype(int)
    limits = [np.take_along_axis(lid, at, 1) for lid in (upper, lower)]
    return np.stack([x, np.clip(y, *limits)], -1)


def brow_shapes(person, motion):
    """Return the two brows, tapering outwards."""
    tilt, arch = person.brow_tilt, person.brow_arch
    base = person.brow_height + motion["brow_down"]
    inner, outer, squeeze = motion["brow_inner"], motion["brow_outer"], motion["brow_in"]
    line = nodes(
        (0.17 - squeeze, base - 0.35 * arch - inner + tilt),
        (0.33 - 0.7 * squeeze, base - 0.75 * arch - 0.72 * inner - 0.3 * outer + 0.4 * tilt),
        (0.54, base - arch - 0.22 * inner - 0.85 * outer - 0.2 * tilt),
        (0.74, base + 0.045 - 0.8 * outer - 0.5 * tilt),
    )
    middle = smooth(line, 9)
    x, y = middle[..., 0], middle[..., 1]
    thick = person.brow_thick[:, None] * [0.7, 1.0, 1.15, 1.15, 1.1, 1.0, 0.8, 0.55, 0.25]
    return {
        f"brow_{letter}": between(side * x, y - thick, y + 0.9 * thick) for side, letter in SIDES
    }


def nose_shapes(person, motion):
    """Return nostrils and the edges of the nose's wings."""
    wing, y = person.nose_width, person.nose_length - motion["nose_up"]
    shapes = {}
    for side, letter in SIDES:
        edge = nodes(
            (side * (wing - 0.01), y - 0.12),
            (side * (wing + 0.035), y - 0.03),
            (side * (wing - 0.005), y + 0.025),
        )
        edge = smooth(edge, 7)
        shapes[f"alar_{letter}"] = np.concatenate([edge, edge[:, ::-1] - [side * 0.014, 0]], 1)
        shapes[f"nostril_{letter}"] = ellipse(side * (wing - 0.065), y + 0.015, 0.047, 0.026)
    return shapes


def mouth_shapes(person, motion):
    """Return lips, the opening between them, teeth and tongue."""
    t, drop = _LIP, motion["jaw"]
    left, right = motion["corner_up_L"], motion["corner_up_R"]
    wide = person.mouth_width + np.stack([motion["corner_out_R"], motion["corner_out_L"]])
    x = np.where(t < 0, *np.clip(wide, 0.2, None)[:, :, None]) * t
    bow, rise = np.sqrt(1 - t**2), np.where(t < 0, right[:, None], left[:, None])
    middle = (person.mouth_height - motion["mouth_up"] + 0.12 * drop)[:, None] - rise * np.abs(
        t
    ) ** 1.7
    middle = middle - motion["arch"][:, None] * (1 - t**2) + 0.25 * (left + right)[:, None] * bow
    upper = middle - (motion["part_up"] + 0.35 * motion["upper_raise"])[:, None] * bow
    lower = middle + (motion["part_low"] + 0.55 * drop)[:, None] * bow
    thin = np.clip(1 - motion["lip_thin"], 0.25, None)
    cupid = (1 - t**2) ** 0.55 * (1 - 0.22 * np.exp(-((t / 0.16) ** 2)))
    top = (
        upper
        - (person.lip_upper * thin)[:, None] * cupid
        - 0.2 * motion["upper_raise"][:, None] * (1 - t**2)
    )
    full = person.lip_lower * thin + motion["lower_out"]
    return _lips(x, top, upper, lower, lower + full[:, None] * (1 - t**2) ** 0.6, motion)


def _lips(x, top, upper, lower, bottom, motion):
    bow, gap, within = np.sqrt(1 - _LIP**2), lower - upper, slice(2, -2)
    above = np.minimum(gap, (0.02 + motion["teeth"])[:, None] * np.sqrt(bow))
    below = np.minimum(gap - above, motion["lower_teeth"][:, None] * bow) * (gap > 0.05)
    tongue = np.minimum(0.35 * gap, 0.13) * bow
    return {
        "lip_upper": between(x, top, upper),
        "lip_lower": between(x, lower, bottom),
        "mouth": between(x, upper, lower),
        "tongue": between(x, lower - tongue, lower)[:, within],
        "teeth": between(x, upper, upper + above)[:, within],
        "lower_teeth": between(x, lower - below, lower)[:, within],
        "lip_line": strip(1.05 * x, 0.5 * (upper + lower) - 0.01, 0.02),
        "lip_shadow": strip(0.8 * x, bottom + 0.02, 0.03)[:, 3:-3],
    }
