"""The head's outlines: skull and jaw, ears, neck, hair, glasses.

Coordinates are half face widths from between the eyes, x to the right of the picture, y down.
"""

import numpy as np

from fer_utils.datasets.synthetic.curves import SIDES, both_halves, ellipse, nodes, smooth
from fer_utils.datasets.synthetic.persons import STYLES

# Along the skull's 32 points, from crown to chin and back.
_DOWN = np.clip((np.linspace(0, 8, 17) - 3.3) / 4.7, 0, 1)
SKULL_DEPTH = 0.45 * np.concatenate([_DOWN, _DOWN[-2:0:-1]])
_HANGING = [STYLES.index("long"), STYLES.index("curly")]
_PARTED = [STYLES.index("parted"), STYLES.index("long")]


def head_shapes(person, motion):
    """Return a dict of polygons; ``motion`` holds how far the jaw has dropped."""
    drop = motion["jaw"]
    shapes = {"head": _skull(person, drop), "chin_shadow": _chin_shadow(person, drop)}
    shapes |= {"neck": _neck(person), "shirt": _shirt(person)}
    for side, letter in SIDES:
        shapes[f"ear_{letter}"] = ellipse(side, 0.13, 0.085 * person.ears, 0.22 * person.ears)
    return shapes | {
        "back_hair": _back_hair(person),
        "cap": _cap(person),
        "fringe": _fringe(person),
    }


def _skull(person, drop):
    jaw, chin = person.jaw, person.chin
    bottom = 1.32 + person.chin_length + 0.75 * drop
    half = nodes((0.0, -1.36), (0.62, -1.22), (0.95, -0.72), (1.0, -0.15), (0.95, 0.35),
                 (0.82 + jaw, 0.80 + 0.25 * drop), (0.60 + 0.7 * jaw + chin, 1.12 + 0.6 * drop),
                 (0.29 + chin, bottom - 0.03), (0.0, bottom))  # fmt: skip
    return both_halves(smooth(half, 17))


def _neck(person):
    wide = _neck_width(person)
    half = nodes((0.0, 0.7), (wide, 0.7), (wide + 0.03, 1.5), (wide + 0.2, 1.75),
                 (wide + 0.2, 3.0), (0.0, 3.0))  # fmt: skip
    return both_halves(half)


def _neck_width(person):
    return 0.60 - 0.10 * person.woman


def _chin_shadow(person, drop):
    """The shadow of the jaw on the neck."""
    wide, low = _neck_width(person), 1.50 + person.chin_length + 0.75 * drop
    half = nodes((0.0, 0.7), (wide, 0.7), (wide, low - 0.28), (0.6 * wide, low - 0.06), (0.0, low))
    return both_halves(half)


def _shirt(person):
    dip = 1.75 + 0.3 * person.woman
    return both_halves(
        nodes(
            (0.0, dip), (0.3, dip), (0.72, 1.58), (1.4, 1.72), (2.2, 2.0), (2.4, 3.0), (0.0, 3.0)
        )
    )


def _back_hair(person):
    """Hair behind head and neck where it is long; within the skull for the other styles."""
    wide = 0.9 + np.isin(person.style, _HANGING) * (0.20 + person.volume)
    low = np.choose(person.style, (0.0, 0.0, 0.0, 0.0, 1.9, 0.75))
    top = -1.2 - person.volume
    half = nodes((0.0, top - 0.18), (0.7, top), (wide + 0.05, -0.5), (wide, 0.3),
                 (wide + 0.06, 0.5 * low + 0.3), (wide - 0.15, low + 0.1),
                 (0.0, low + 0.1))  # fmt: skip
    return both_halves(smooth(half, 15))


def _cap(person):
    """The hair over the head, from its outer edge down to the hairline."""
    rise, line = person.volume, person.hairline
    ends = np.where(np.isin(person.style, _HANGING), 0.35, -0.02)
    part = person.part * np.isin(person.style, _PARTED)
    outer = nodes((-1.02 - 0.4 * rise, ends), (-1.03 - 0.6 * rise, -0.6), (-0.68, -1.24 - rise),
                  (0.0, -1.40 - rise), (0.68, -1.24 - rise), (1.03 + 0.6 * rise, -0.6),
                  (1.02 + 0.4 * rise, ends))  # fmt: skip
    inner = nodes((0.97, ends), (0.91, -0.35), (0.77, line + 0.24 + 0.3 * part),
                  (0.42 + 0.5 * part, line + 0.03), (part, line - 0.04),
                  (-0.42 + 0.5 * part, line + 0.03), (-0.77, line + 0.24 - 0.3 * part),
                  (-0.91, -0.35), (-0.97, ends))  # fmt: skip
    jags = 0.018 * np.sin(np.arange(25) * 2.4 + person.wave[:, None])
    hairline = smooth(inner, 25) + np.stack([np.zeros_like(jags), jags], -1)
    return np.concatenate([smooth(outer, 19), hairline], 1)


def _fringe(person):
    top, wave = person.hairline - 0.3, 0.03 * np.sin(person.wave)
    x = np.linspace(0.86, -0.86, 21)
    teeth = 0.02 * np.sin(np.arange(21) * 2.1 + person.wave[:, None])
    low = -0.50 + 0.10 * x**2 + person.part[:, None] * 0.4 * x + teeth + wave[:, None]
    lower = np.stack([np.broadcast_to(x, low.shape), low], -1)
    upper = nodes((-0.88, -0.6), (-0.6, top), (0.0, top - 0.1), (0.6, top), (0.88, -0.6))
    return np.concatenate([lower, smooth(upper, 9)], 1)


def glasses_shapes(person, motion):
    """Return lenses, frames (rings), their bridge and the arms to the ears."""
    high, square = person.lens
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    wave = np.stack([np.cos(turn), np.sin(turn)], -1)
    rounded = np.sign(wave) * np.abs(wave) ** (2 / square[:, None, None])  # a superellipse
    half = nodes((0.335, 0.27 * high))
    shapes = {}
    for side, letter in SIDES:
        centre = nodes((side * (person.eye_apart + 0.015), 0.04))
        lens, hole = centre + rounded * half, centre + rounded * (half - 0.035)
        ring = [lens, lens[:, :1], hole[:, :1], hole[:, ::-1]]
        shapes |= {f"lens_{letter}": lens, f"frame_{letter}": np.concatenate(ring, 1)}
        x = np.full_like(high, side)
        shapes[f"arm_{letter}"] = nodes(
            (0.76 * x, -0.04), (0.98 * x, -0.06), (0.98 * x, -0.01), (0.76 * x, 0.02)
        )
    gap = person.eye_apart - 0.31
    bridge = nodes(
        (-gap, -0.02), (0.0, -0.06), (gap, -0.02), (gap, 0.02), (0.0, -0.02), (-gap, 0.02)
    )
    return shapes | {"frame_bridge": bridge}
