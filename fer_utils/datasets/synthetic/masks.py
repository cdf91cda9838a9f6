"""Where on the picture each action unit shows."""

import cv2
import numpy as np

from fer_utils.datasets.synthetic.action_units import NAMES
from fer_utils.datasets.synthetic.obstacles import obstacle_shapes
from fer_utils.datasets.synthetic.painting import FIXED_SHIFT, to_pixels
from fer_utils.datasets.synthetic.scene import OCCLUDERS

# The corners of each unit's patch of skin, after the appearance changes that the FACS manual
# lists; coordinates as in features.py. Of patches in _BOTH there is one on each side.
_BROWS = [(-0.42, -0.90), (0.42, -0.90), (0.55, -0.30), (0.30, -0.10), (-0.30, -0.10),
          (-0.55, -0.30)]  # fmt: skip
_EYE = [(0.10, -0.24), (0.45, -0.34), (0.78, -0.24), (0.78, 0.14), (0.45, 0.22), (0.10, 0.14)]
_LEFT_MOUTH = [(-0.50, 0.66), (-0.10, 0.58), (0.20, 0.30), (0.50, 0.12), (0.80, 0.30),
               (0.78, 0.80), (0.55, 1.05), (0.0, 1.12), (-0.45, 1.00)]  # fmt: skip
_RIGHT_MOUTH = [(-x, y) for x, y in _LEFT_MOUTH]
_LIPS = [(-0.62, 0.62), (-0.2, 0.56), (0.2, 0.56), (0.62, 0.62), (0.60, 1.05), (0.2, 1.15),
         (-0.2, 1.15), (-0.60, 1.05)]  # fmt: skip
_CHIN = [(-0.45, 0.62), (0.45, 0.62), (0.55, 0.95), (0.32, 1.38), (-0.32, 1.38), (-0.55, 0.95)]
_PATCHES = {
    "AU1": _BROWS,
    "AU2": [(0.18, -0.92), (0.68, -0.90), (0.90, -0.30), (0.70, -0.14), (0.15, -0.20)],
    "AU4": [(-0.60, -0.62), (0.60, -0.62), (0.88, -0.28), (0.75, 0.05), (-0.75, 0.05),
            (-0.88, -0.28)],
    "AU5": _EYE,
    "AU6": [(0.08, -0.22), (0.70, -0.36), (0.97, -0.25), (0.95, 0.30), (0.72, 0.62), (0.36, 0.66),
            (0.12, 0.20)],
    "AU7": _EYE,
    "AU9": [(-0.35, -0.62), (0.35, -0.62), (0.85, -0.32), (0.75, 0.14), (0.45, 0.72),
            (0.42, 0.85), (-0.42, 0.85), (-0.45, 0.72), (-0.75, 0.14), (-0.85, -0.32)],
    "AU10": [(-0.22, 0.28), (0.22, 0.28), (0.60, 0.50), (0.60, 0.90), (0.3, 1.0), (-0.3, 1.0),
             (-0.60, 0.90), (-0.60, 0.50)],
    "AU12L": _LEFT_MOUTH,
    "AU12R": _RIGHT_MOUTH,
    "AU14L": _LEFT_MOUTH,
    "AU14R": _RIGHT_MOUTH,
    "AU15": [(-0.55, 0.70), (0.55, 0.70), (0.66, 1.15), (0.3, 1.15), (-0.3, 1.15), (-0.66, 1.15)],
    "AU16": _LIPS,
    "AU17": _CHIN,
    "AU20": [(1.15 * x, 1.03 * y) for x, y in _LIPS],
    "AU23": _LIPS,
    "AU24": _CHIN + _LIPS,
    "AU25": _LIPS,
    "AU26": [(-0.70, 0.45), (0.70, 0.45), (1.0, 0.75), (0.72, 1.30), (0.2, 1.62), (-0.2, 1.62),
             (-0.72, 1.30), (-1.0, 0.75)],
    "AU43": _EYE,
}  # fmt: skip
_BOTH = ("AU2", "AU5", "AU6", "AU7", "AU43")
SHOWS = 0.05  # a unit weaker than this moves nothing by as much as a pixel
_HIDES = {"hand": ("palm", "finger_0", "finger_1", "finger_2", "finger_3"), "hair": ("lock",),
          "sunglasses": ("lens_R", "lens_L")}  # fmt: skip


def unit_masks(activity, person, shapes, drop, scene, size):
    """Return bool ``(n, 21, height, width)``: where each active unit shows.

    Args:
        activity: float ``(n, 21)``, intensities.
        person: namespace from ``draw_persons``.
        shapes: dict from ``outlines``.
        drop: float ``(n,)``, how far the jaw is down.
        scene: Scene.
        size: int ``(height, width)``.
    """
    patches = {
        f"{name}/{k}": (_lowered(corners, drop), 0.03, 0.0)
        for name in NAMES
        for k, corners in enumerate(_sides(name))
    }
    order = list(patches)
    polygons = to_pixels(scene.pose, patches, order, min(size))
    hiding = _hiding(person, shapes, scene, size)
    columns = [NAMES.index(name.split("/")[0]) for name in order]
    masks = np.zeros((len(activity), len(NAMES), *size), np.uint8)
    for i, k in np.ndindex(len(activity), len(order)):
        if activity[i, columns[k]] >= SHOWS:
            hull = cv2.convexHull(polygons[i][k])
            cv2.fillConvexPoly(masks[i, columns[k]], hull, 1, cv2.LINE_8, FIXED_SHIFT)
    return masks.astype(bool) & ~hiding[:, None]


def _sides(name):
    """Return a unit's patches: one, or one on each side."""
    patch = _PATCHES[name]
    return [patch, [(-x, y) for x, y in patch]] if name in _BOTH else [patch]


def _lowered(corners, drop):
    corners = np.asarray(corners, float)
    ramp = np.clip((corners[:, 1] - 0.62) / 0.5, 0, 1)
    points = np.repeat(corners[None], len(drop), 0)
    points[..., 1] += drop[:, None] * ramp
    return points


def _hiding(person, shapes, scene, size):
    """Return bool ``(n, height, width)``, what the occluder covers."""
    shapes = shapes | obstacle_shapes(person, scene)
    order = sorted({name for names in _HIDES.values() for name in names})
    polygons = to_pixels(scene.pose, shapes, order, min(size))
    hidden = np.zeros((len(scene.occluder), *size), np.uint8)
    for i, kind in enumerate(scene.occluder):
        for name in _HIDES.get(OCCLUDERS[kind], ()):
            cv2.fillPoly(hidden[i], [polygons[i][order.index(name)]], 1, cv2.LINE_8, FIXED_SHIFT)
    return hidden.astype(bool)
