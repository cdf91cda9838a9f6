"""FACS: which action units make an expression, and what each unit moves and folds.

Units and prototypes after Ekman, Friesen & Hager, "Facial Action Coding System" (2002),
Investigator's Guide, and EMFACS (Ekman & Friesen 1983); contempt after Ekman & Friesen 1986,
"A new pan-cultural facial expression of emotion", https://doi.org/10.1007/BF00992253.
"""

import numpy as np

# Left and right are the person's own. Only AU12 and AU14 come one-sided.
UNITS = {
    "AU1": "inner brow raiser",
    "AU2": "outer brow raiser",
    "AU4": "brow lowerer",
    "AU5": "upper lid raiser",
    "AU6": "cheek raiser",
    "AU7": "lid tightener",
    "AU9": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU12L": "lip corner puller, left",
    "AU12R": "lip corner puller, right",
    "AU14L": "dimpler, left",
    "AU14R": "dimpler, right",
    "AU15": "lip corner depressor",
    "AU16": "lower lip depressor",
    "AU17": "chin raiser",
    "AU20": "lip stretcher",
    "AU23": "lip tightener",
    "AU24": "lip pressor",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU43": "eyes closed",
}
NAMES = tuple(UNITS)

# Variants of each expression; one is drawn for each face. "12" is both sides.
PROTOTYPES = {
    "angry": ("4 5 7 23", "4 5 7 24", "4 7 17 24", "4 5 7 10 25", "4 5 7 16 25 26"),
    "disgust": ("9 15 16 25", "9 10 17", "9 10 25", "9 15 17", "10 15 16 25"),
    "fear": ("1 2 4 5 7 20 26", "1 2 4 5 20 25", "1 2 4 5 7 20 25", "1 2 4 5 20 25 26"),
    "happy": ("6 12", "6 12 25", "6 12 25", "6 12 25 26", "12 25"),
    "sad": ("1 4 15", "1 4 15 17", "1 4 15", "1 15 17", "1 4 15 43"),
    "surprise": ("1 2 5 25 26", "1 2 5 25 26", "1 2 25 26", "1 2 5 25"),
    "neutral": ("",),
    "contempt": ("12L 14L", "12R 14R", "14L 12L", "12R 14R 24"),
}

# What a unit at full intensity does: motions (fractions of the face's half width; see
# shapes.py) and folds of the skin (see skin.py). A trailing _L or _R is one side.
EFFECTS = {
    "AU1": {"brow_inner": 0.24, "lid_slant": 0.05, "forehead_inner": 1.0},
    "AU2": {"brow_outer": 0.15, "lid_up": 0.01, "forehead_outer": 1.0, "forehead_inner": 0.3},
    "AU4": {
        "brow_inner": -0.09,
        "brow_down": 0.07,
        "brow_in": 0.07,
        "glabella": 1.1,
        "lid_up": -0.02,
        "socket": 0.35,
    },
    "AU5": {"lid_up": 0.10, "lid_low": -0.02},
    "AU6": {
        "lid_low": 0.04,
        "lid_up": -0.03,
        "crow": 1.0,
        "apple_L": 0.45,
        "apple_R": 0.45,
        "pouch": 0.9,
    },
    "AU7": {"lid_low": 0.035, "lid_up": -0.03, "pouch": 0.8},
    "AU9": {
        "nose_up": 0.075,
        "upper_raise": 0.05,
        "brow_inner": -0.09,
        "brow_down": 0.05,
        "brow_in": 0.03,
        "lid_up": -0.03,
        "lid_low": 0.03,
        "nose_wrinkles": 1.3,
        "glabella": 0.4,
        "sneer": 1.0,
        "nasolabial_L": 0.4,
        "nasolabial_R": 0.4,
    },
    "AU10": {
        "upper_raise": 0.085,
        "part_up": 0.045,
        "nose_up": 0.03,
        "sneer": 1.0,
        "teeth": 0.06,
        "nasolabial_L": 0.4,
        "nasolabial_R": 0.4,
    },
    "AU12L": {
        "corner_up_L": 0.15,
        "corner_out_L": 0.12,
        "nasolabial_L": 1.0,
        "apple_L": 0.8,
        "teeth": 0.055,
        "lip_thin": 0.12,
    },
    "AU12R": {
        "corner_up_R": 0.15,
        "corner_out_R": 0.12,
        "nasolabial_R": 1.0,
        "apple_R": 0.8,
        "teeth": 0.055,
        "lip_thin": 0.12,
    },
    "AU14L": {"corner_out_L": 0.06, "corner_up_L": 0.05, "dimple_L": 1.3, "lip_thin": 0.1},
    "AU14R": {"corner_out_R": 0.06, "corner_up_R": 0.05, "dimple_R": 1.3, "lip_thin": 0.1},
    "AU15": {
        "corner_up_L": -0.14,
        "corner_up_R": -0.14,
        "corner_out_L": 0.02,
        "corner_out_R": 0.02,
        "marionette": 1.0,
    },
    "AU16": {"part_low": 0.10, "lower_teeth": 0.06, "chin_groove": 0.6},
    "AU17": {
        "mouth_up": 0.05,
        "arch": 0.055,
        "chin_boss": 1.2,
        "lower_out": 0.03,
        "chin_groove": 0.8,
    },
    "AU20": {
        "corner_out_L": 0.17,
        "corner_out_R": 0.17,
        "corner_up_L": -0.05,
        "corner_up_R": -0.05,
        "part_low": 0.03,
        "lip_thin": 0.25,
        "teeth": 0.03,
        "lower_teeth": 0.06,
        "marionette": 0.6,
        "dimple_L": 0.4,
        "dimple_R": 0.4,
    },
    "AU23": {"lip_thin": 0.5, "corner_out_L": -0.07, "corner_out_R": -0.07, "lip_rim": 1.0},
    "AU24": {
        "lip_thin": 0.65,
        "corner_out_L": -0.03,
        "corner_out_R": -0.03,
        "lip_rim": 0.8,
        "chin_boss": 0.5,
    },
    "AU25": {"part_up": 0.035, "part_low": 0.065},
    "AU26": {
        "jaw": 0.24,
        "part_low": 0.10,
        "part_up": 0.03,
        "corner_out_L": -0.10,
        "corner_out_R": -0.10,
        "corner_up_L": -0.10,
        "corner_up_R": -0.10,
        "hollow": 0.6,
    },
    "AU43": {"lid_close": 1.0},
}


def units_of(variant):
    """Return the unit names of a variant such as ``"6 12"``; a plain 12 or 14 is both sides."""
    names = []
    for code in variant.split():
        both = code in ("12", "14")
        names += [f"AU{code}L", f"AU{code}R"] if both else [f"AU{code}"]
    return tuple(names)


def draw_units(draws, expressions, intensity=None, idle=0.16):
    """Draw the intensity of each unit for faces of the given expressions.

    The units of one drawn variant take the face's intensity, each with its own variation;
    any other unit is idly active now and then, as faces are in speech and thought.

    Args:
        draws: Draws of ``n`` faces.
        expressions: sequence of ``n`` names, keys of ``PROTOTYPES``.
        intensity: float or ``(n,)``, 0-1; None to draw it, mostly between 0.4 and 1.
        idle: chance for any other unit to be active, 0-1.

    Returns:
        float32 ``(n, 21)``, 0-1, columns as in ``NAMES``.
    """
    own = _chosen_variants(draws, expressions)
    drawn = 0.3 + 0.7 * np.sqrt(draws.uniform())
    strength = drawn if intensity is None else np.broadcast_to(intensity, drawn.shape)
    activity = np.empty(own.shape)
    for k in range(len(NAMES)):
        wanted = strength * draws.uniform(0.75, 1.15)
        other = draws.chance(idle) * draws.uniform(0, 0.4)
        activity[:, k] = np.where(own[:, k], wanted, other)
    activity[:, NAMES.index("AU43")] *= 0.55  # half-closed: no row shows a sleeper
    return np.clip(activity, 0, 1).astype(np.float32)


def _chosen_variants(draws, expressions):
    table = {
        e: np.array([[u in units_of(v) for u in NAMES] for v in variants])
        for e, variants in PROTOTYPES.items()
    }
    u = draws.uniform()
    return np.stack(
        [table[e][int(x * len(table[e]))] for e, x in zip(expressions, u, strict=True)]
    )


def effects(activity):
    """Return the motions and folds of faces: a dict of name to float ``(n,)``.

    Args:
        activity: float ``(n, 21)``, intensities as ``draw_units`` gives them.
    """
    names = sorted({name for moved in EFFECTS.values() for name in moved})
    matrix = np.array([[EFFECTS[unit].get(name, 0.0) for name in names] for unit in NAMES])
    return dict(zip(names, np.einsum("nu,ue->en", activity, matrix), strict=True))
