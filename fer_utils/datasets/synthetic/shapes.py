"""All outlines of a face and how they stand in depth."""

from collections import defaultdict

from fer_utils.datasets.synthetic import features, head

# How far shapes stand off the head's ellipsoid, in half face widths; 0 for others.
_RELIEF = {"iris": -0.06, "white": -0.06, "pupil": -0.06, "glint": -0.05, "lash": -0.03,
           "lower_lash": -0.05, "nostril": 0.22, "alar": 0.10, "frame": 0.05, "lens": 0.05,
           "frame_bridge": 0.10, "fringe": 0.05, "chin_shadow": 0.12}  # fmt: skip
_RIM = {
    "head",
    "cap",
    "back_hair",
    "neck",
    "chin_shadow",
    "ear",
    "shirt",
}  # seen as an outline from anywhere
_PARTS = (head.head_shapes, features.eye_shapes, features.brow_shapes, features.nose_shapes,
          features.mouth_shapes, head.glasses_shapes)  # fmt: skip


def outlines(person, effect):
    """Return the shapes of faces.

    Args:
        person: namespace from ``draw_persons``.
        effect: dict of motions, from ``action_units.effects``.

    Returns:
        dict of name to ``(points (n, p, 2), relief, rim)``, as ``Pose.project`` takes them.
    """
    motion = defaultdict(float)
    for source in (effect, person.rest):
        for name, value in source.items():
            motion[name] = motion[name] + value
    return {name: _with_depth(name, points)
            for part in _PARTS for name, points in part(person, motion).items()}  # fmt: skip


def _with_depth(name, points):
    kind = name[:-2] if name.endswith(("_L", "_R")) else name
    if kind == "head":  # the chin stands before the ears and swings with them
        return points, head.SKULL_DEPTH, 1.0
    return points, _RELIEF.get(kind, 0.0), float(kind in _RIM)
