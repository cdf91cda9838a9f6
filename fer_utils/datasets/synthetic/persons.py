"""Who is in the picture: face shape, skin, age, hair; the same in a person's every image."""

from types import SimpleNamespace

import numpy as np

from fer_utils.datasets.synthetic.draws import Draws

# Hair styles and how often women and men are drawn with each.
STYLES = ("bald", "short", "parted", "fringe", "long", "curly")
_WOMEN = (0.0, 0.06, 0.18, 0.16, 0.45, 0.15)
_MEN = (0.16, 0.46, 0.22, 0.07, 0.04, 0.05)


def draw_persons(identity):
    """Return the looks of persons, arrays ``(n,)`` in a namespace.

    Args:
        identity: int ``(n,)``, 0 or more; one number is one person for ever, in any data set.
    """
    draws = Draws(0, 1, identity)
    person = SimpleNamespace(
        age=draws.uniform() ** 1.3,  # 0 is 18, 1 is 80
        woman=draws.chance(0.5),
        skin_tone=75 + 110 * draws.uniform() ** 0.8,
    )
    _draw_shape(person, draws)
    _draw_features(person, draws)
    _draw_hair(person, draws)
    _draw_resting_face(person, draws)
    return person


def _draw_shape(person, draws):
    woman = person.woman
    person.width = draws.normal(0.045, 1.0) - 0.02 * woman
    person.height = draws.normal(0.04, 1.0)
    person.jaw = draws.normal(0.06, 0.0) - 0.07 * woman  # half width at the jaw's angle
    person.chin = draws.normal(0.05, 0.0) - 0.04 * woman
    person.chin_length = draws.normal(0.045)
    person.ears = draws.uniform(0.8, 1.2)
    person.relief = {
        name: draws.normal(0.25, 1.0)
        for name in (
            "brow_ridge",
            "socket",
            "bridge",
            "tip",
            "wings",
            "cheekbone",
            "mound",
            "chin_bone",
            "forehead",
            "under_nose",
            "eyeball",
            "philtrum",
        )
    }
    person.relief["brow_ridge"] *= np.where(woman, 0.5, 1.1)
    person.mottle = draws.normal(0.5), draws.normal(0.5)


def _draw_features(person, draws):
    woman = person.woman
    person.eye_apart = draws.normal(0.018, 0.43)
    person.eye_width = draws.normal(0.014, 0.225) + 0.01 * woman
    person.eye_open = draws.normal(0.012, 0.10) + 0.008 * woman - 0.012 * person.age
    person.eye_tilt = draws.normal(0.018, -0.01)
    person.crease = draws.uniform(0.03, 0.07)
    person.iris = draws.uniform(0.12, 0.5)
    person.brow_height = draws.normal(0.022, -0.36) - 0.02 * woman
    person.brow_arch = draws.normal(0.02, 0.05) + 0.02 * woman
    person.brow_tilt = draws.normal(0.02)
    person.brow_thick = draws.normal(0.009, 0.048) - 0.014 * woman
    person.nose_width = draws.normal(0.018, 0.15) - 0.01 * woman
    person.nose_length = draws.normal(0.03, 0.50)
    person.mouth_width = draws.normal(0.025, 0.36)
    person.mouth_height = draws.normal(0.02, 0.82)
    person.lip_upper = draws.normal(0.015, 0.065) + 0.01 * woman - 0.02 * person.age
    person.lip_lower = draws.normal(0.018, 0.095) + 0.01 * woman - 0.02 * person.age
    person.lip_tone = draws.uniform(0.58, 0.80) - 0.12 * (woman & draws.chance(0.3))


def _draw_hair(person, draws):
    person.style = np.where(person.woman, draws.pick(_WOMEN), draws.pick(_MEN))
    dark = draws.uniform() ** 2 * (1 - 0.7 * (person.skin_tone < 125))  # dark skins have dark hair
    grey = np.clip((person.age - 0.5) * 2 + draws.normal(0.25), 0, 1)
    own = np.minimum(24 + 85 * dark, 0.62 * person.skin_tone)
    person.hair_tone = own + (150 - own) * grey
    person.brow_tone = np.minimum(
        0.3 * own + 0.15 * person.hair_tone + 0.2 * person.skin_tone, 0.6 * person.skin_tone
    )
    person.hairline = draws.normal(0.06, -0.84) - 0.12 * person.age * ~person.woman
    person.volume = draws.uniform(0.03, 0.15)
    person.part = draws.uniform(-0.22, 0.22)
    person.wave = draws.uniform(0, 6.28)
    bearded = ~person.woman & draws.chance(0.35)
    person.beard = bearded * draws.uniform(0.25, 1.0)
    person.moustache = bearded & draws.chance(0.6)
    person.frame_tone = draws.uniform(20, 90)
    person.glasses = draws.uniform()  # below a threshold they wear some: see scene.py
    person.lens = draws.uniform(0.7, 1.1), draws.uniform(2, 5)  # height, squareness


def _draw_resting_face(person, draws):
    """Some faces look cross or glad at rest, which no unit explains."""
    person.rest = {
        "brow_inner": draws.normal(0.022),
        "brow_outer": draws.normal(0.022),
        "brow_down": draws.normal(0.018),
        "corner_up_L": draws.normal(0.02),
        "lid_low": draws.normal(0.006),
    }
    person.rest["corner_up_R"] = person.rest["corner_up_L"] + draws.normal(0.006)
    age = np.maximum(person.age - 0.25, 0) * draws.uniform(0.6, 1.3)
    for fold, share in (
        ("forehead_inner", 0.5),
        ("forehead_outer", 0.5),
        ("nasolabial_L", 0.8),
        ("nasolabial_R", 0.8),
        ("bags", 1.6),
        ("glabella", 0.35),
        ("crow", 0.5),
        ("marionette", 0.5),
        ("hollow", 0.9),
    ):
        person.rest[fold] = age * share * draws.uniform(0.5, 1.2)
