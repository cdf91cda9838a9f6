"""One picture: filled polygons back to front, times the light, through a camera."""

import cv2
import numpy as np

from fer_utils.datasets.synthetic import skin
from fer_utils.datasets.synthetic.obstacles import obstacle_shapes
from fer_utils.datasets.synthetic.photograph import Backgrounds, Camera
from fer_utils.datasets.synthetic.tones import paints, tones

# Back to front; a shape with a negative tone is not drawn.
_ORDER = (
    *("back_hair", "neck", "shirt", "chin_shadow", "ear_R", "ear_L", "head", "lip_shadow"),
    *("alar_R", "alar_L", "nostril_R", "nostril_L", "lip_upper", "lip_lower"),
    *("mouth", "tongue", "teeth", "lower_teeth", "lip_line"),
    *("crease_R", "crease_L", "white_R", "white_L", "iris_R", "iris_L", "pupil_R", "pupil_L"),
    *("lower_lash_R", "lower_lash_L", "lash_R", "lash_L", "glint_R", "glint_L"),
    *("brow_R", "brow_L", "cap", "fringe"),
    *("arm_R", "arm_L", "lens_R", "lens_L", "frame_R", "frame_L", "frame_bridge"),
    *("lock", "hand_shadow", "palm", "finger_0", "finger_1", "finger_2", "finger_3"),
    *("gap_0", "gap_1", "gap_2"),
)
# Whether the light on the head falls on the shape.
_MATTE = [0 if name == "shirt" else 255 for name in _ORDER]
FIXED_SHIFT = 4  # fractional bits of the coordinates
_CELLS = 26  # of the lattice the pose is computed on, along the shorter side


def paint(person, shapes, folds, drop, scene, size, lattice=1):
    """Return pictures.

    Args:
        person: namespace from ``draw_persons``.
        shapes: dict from ``outlines``.
        folds: float32 ``(n, folds)`` from ``skin.fold_strengths``.
        drop: float ``(n,)``, how far the jaw is down, in half face widths.
        scene: Scene.
        size: int ``(height, width)``.
        lattice: how much finer than usual the pose is computed, for small faces.

    Returns:
        uint8 ``(n, height, width)``.
    """
    side, finer = min(size), 2 if min(size) < 80 else 1
    aspect = size[0] / side, size[1] / side
    shapes = shapes | obstacle_shapes(person, scene)
    polygons = to_pixels(scene.pose, shapes, _ORDER, side * finer)
    greys = tones(person, shapes, scene, _ORDER)
    cells = tuple(round(_CELLS * lattice * a) for a in aspect)
    maps = scene.pose.texture_map(drop, cells, aspect)
    texture = skin.shade(folds, paints(person), scene.light, side)
    maps = maps * np.array([texture.shape[2], texture.shape[1]], np.float32) - np.float32(0.5)
    behind = Backgrounds(scene, tuple(finer * s for s in size))
    camera = Camera(scene.camera, person.skin_tone * scene.brightness(), size)
    faces = zip(polygons, greys, texture, maps, strict=True)
    pictures = (_one(behind.window(i), *face, size) for i, face in enumerate(faces))
    return np.stack([camera.take(picture, i) for i, picture in enumerate(pictures)])


def _one(canvas, polygons, greys, texture, lattice, size):
    """Return one picture, uint8 of the size, from a canvas that may be finer."""
    for polygon, grey, solid in zip(polygons, greys, _MATTE, strict=True):
        if grey >= 0:
            cv2.fillPoly(canvas, [polygon], (grey, solid), cv2.LINE_AA, FIXED_SHIFT)
    picture, matte = cv2.split(canvas)
    where = cv2.resize(lattice, size[::-1])
    # OpenCV's types know neither a missing second map nor a number to compare with.
    how = (cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    light = cv2.remap(texture, where, None, *how)  # type: ignore[call-overload]
    light = cv2.resize(light, picture.shape[::-1])
    lit = cv2.multiply(picture, light, scale=1 / 128)
    inside = cv2.compare(matte, 127, cv2.CMP_GT)  # type: ignore[call-overload]
    picture = cv2.copyTo(lit, inside, picture)
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)


def to_pixels(pose, shapes, order, side):
    """Return the shapes' corners in fixed-point pixels: a list of ``order`` for each face."""
    points = [shapes[name][0] for name in order]
    counts = [p.shape[1] for p in points]
    depth, rim = (
        np.concatenate(
            [np.broadcast_to(shapes[name][k], c) for name, c in zip(order, counts, strict=True)]
        )
        for k in (1, 2)
    )
    placed = pose.project(np.concatenate(points, 1), depth, rim)
    fixed = np.rint((placed * side - 0.5) * (1 << FIXED_SHIFT)).astype(np.int32)
    ends = np.cumsum(counts)
    spans = list(zip(ends - counts, ends, strict=True))
    return [[face[a:b] for a, b in spans] for face in fixed]
