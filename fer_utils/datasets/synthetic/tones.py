"""How dark each shape of a face is, before the light falls on it."""

import numpy as np

from fer_utils.datasets.synthetic import skin
from fer_utils.datasets.synthetic.persons import STYLES
from fer_utils.datasets.synthetic.scene import OCCLUDERS

_PARTED_LIPS = 0.03  # below this the mouth is a line


def tones(person, shapes, scene, order):
    """Return the grey of each shape of each face: lists of ints 0-255, -1 for what is not there.

    Args:
        person: namespace from ``draw_persons``.
        shapes: dict from ``outlines``.
        scene: Scene.
        order: names of shapes; ``lash_L`` and ``finger_0`` are toned as ``lash`` and ``finger``.
    """
    style = np.asarray(STYLES)[person.style]
    kind = np.asarray(OCCLUDERS)[scene.occluder]
    greys = _skin_and_hair(person, style) | _eyes(person) | _mouth(person, shapes)
    greys |= _worn(person, kind) | {"shirt": scene.background.shirt}
    columns = [greys[name if name in greys else name.rsplit("_", 1)[0]] for name in order]
    table = np.stack(np.broadcast_arrays(*columns), 1)
    return np.rint(np.minimum(table, 255)).astype(int).tolist()


def _skin_and_hair(person, style):
    skin_tone, hair, brow = person.skin_tone, person.hair_tone, person.brow_tone
    return {
        "head": skin_tone,
        "neck": 0.94 * skin_tone,
        "chin_shadow": 0.66 * skin_tone,
        "ear": np.where(np.isin(style, ("long", "curly")), -1, 0.85 * skin_tone),
        "alar": 0.72 * skin_tone,
        "nostril": 0.3 * skin_tone,
        "brow": brow,
        "back_hair": np.where(style == "bald", -1, 0.75 * hair),
        "cap": np.where(style == "bald", -1, hair),
        "fringe": np.where(style == "fringe", 0.95 * hair, -1),
    }


def _eyes(person):
    return {
        "white": 215,
        "iris": 20 + 150 * person.iris,
        "pupil": 12,
        "glint": 245,
        "crease": 0.72 * person.skin_tone,
        "lash": np.minimum(0.3 * person.skin_tone, 35),
        "lower_lash": 0.62 * person.skin_tone,
    }


def _mouth(person, shapes):
    mouth = shapes["mouth"][0]
    middle = mouth.shape[1] // 4
    parted = mouth[:, -1 - middle, 1] - mouth[:, middle, 1] > _PARTED_LIPS
    lips = person.skin_tone * person.lip_tone
    return {
        "lip_upper": 0.88 * lips,
        "lip_lower": lips,
        "lip_shadow": 0.84 * person.skin_tone,
        "lip_line": np.where(parted, -1, 0.36 * person.skin_tone),
        "mouth": np.where(parted, 22, -1),
        "tongue": np.where(parted, 0.55 * lips, -1),
        "teeth": np.where(parted, 210, -1),
        "lower_teeth": np.where(parted, 175, -1),
    }


def _worn(person, kind):
    """What is over the face: a pair of glasses, a hand, hair."""
    framed = np.isin(kind, ("glasses", "sunglasses"))
    return {
        "lens": np.where(kind == "sunglasses", 18, -1),
        "frame": np.where(framed, person.frame_tone, -1),
        "frame_bridge": np.where(framed, person.frame_tone, -1),
        "arm": np.where(framed, 35, -1),
        "lock": np.where(kind == "hair", person.hair_tone, -1),
        "hand_shadow": np.where(kind == "hand", 0.5 * person.skin_tone, -1),
        "palm": np.where(kind == "hand", 1.04 * person.skin_tone, -1),
        "finger": np.where(kind == "hand", 1.12 * person.skin_tone, -1),
        "gap": np.where(kind == "hand", 0.6 * person.skin_tone, -1),
    }


def paints(person):
    """Return what darkens or lightens the skin itself, float32 ``(n, len(skin.PAINTS))``."""
    style = np.asarray(STYLES)[person.style]
    beard = 0.28 * person.beard
    strength = {
        "beard": beard,
        "moustache": beard * person.moustache * 0.8,
        "strands": 0.16 * ~np.isin(style, ("bald", "curly")),
        "curls": 0.18 * (style == "curly"),
        "mottle_0": 0.012 * person.mottle[0],
        "mottle_1": 0.012 * person.mottle[1],
    }
    return np.stack([strength[name] for name in skin.PAINTS], 1).astype(np.float32)
