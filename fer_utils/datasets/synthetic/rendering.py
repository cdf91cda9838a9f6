"""From rows to pictures: person, expression and scene drawn, then painted."""

import dataclasses
from typing import Any

import numpy as np

from fer_utils.datasets.synthetic import action_units as facs
from fer_utils.datasets.synthetic import skin
from fer_utils.datasets.synthetic.draws import Draws
from fer_utils.datasets.synthetic.masks import unit_masks
from fer_utils.datasets.synthetic.painting import paint
from fer_utils.datasets.synthetic.persons import draw_persons
from fer_utils.datasets.synthetic.placed import dressed, face_boxes
from fer_utils.datasets.synthetic.scene import OCCLUDERS, draw_scene
from fer_utils.datasets.synthetic.shapes import outlines

_EXPRESSION, _SCENE, _GRAIN = 4, 5, 6  # streams of draws, one for each purpose


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """What to draw, arrays ``(n, ...)``; None where it is to be drawn by lot.

    Args:
        keys: int ``(n,)``, what a row's random numbers hang on; equal keys, equal pictures.
        expressions: str ``(n,)``, keys of ``action_units.PROTOTYPES``.
        identity: int ``(n,)``, persons.
        frame: int ``(n,)``, number within a sequence: the grain differs, nothing else.
        intensity: float ``(n,)``, 0-1, of the expression's units.
        rise: float ``(n,)``, 0-1, by which all units are multiplied.
        action_units: float ``(n, 21)``, 0-1, in place of the expression's.
        pose: float ``(n, 3)``, degrees.
        turn: float ``(n, 3)``, degrees to add to the pose.
        occluder: str ``(n,)``, one of ``OCCLUDERS``.
        place: float ``(n, 3)``, where the face is: x and y between the eyes, in image sides, and
            its size, 1 for one that fills the picture.
    """

    keys: np.ndarray
    expressions: np.ndarray
    identity: np.ndarray
    frame: np.ndarray | None = None
    intensity: np.ndarray | None = None
    rise: np.ndarray | None = None
    action_units: np.ndarray | None = None
    pose: np.ndarray | None = None
    turn: np.ndarray | None = None
    occluder: np.ndarray | None = None
    place: np.ndarray | None = None

    def part(self, rows):
        """Return the Rows of a slice."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        parts: dict[str, Any] = {k: v if v is None else v[rows] for k, v in fields.items()}
        return Rows(**parts)


def render(rows, size, seed, masks=False):
    """Return images and facts of rows: a dict of arrays ``(n, ...)`` named as Faces' fields.

    Args:
        rows: Rows.
        size: int ``(height, width)``.
        seed: int.
        masks: whether ``masks`` is wanted; None in the dict otherwise.
    """
    starts = range(0, len(rows.keys), skin.BATCH)
    parts = [_render(rows.part(slice(s, s + skin.BATCH)), size, seed, masks) for s in starts]
    joined = {k: np.concatenate([p[k] for p in parts]) for k in parts[0] if k != "masks"}
    return joined | {"masks": np.concatenate([p["masks"] for p in parts]) if masks else None}


def _render(rows, size, seed, masks):
    person = draw_persons(rows.identity)
    activity = _activity(rows, seed)
    effect = facs.effects(activity)
    scene = _scene(rows, person, size, seed)
    shapes = outlines(person, effect)
    folds = skin.fold_strengths(person, effect)
    drop = effect["jaw"]
    finer, where = 1, {}
    if rows.place is not None:
        finer, shapes = 1 / rows.place[:, 2].min(), dressed(shapes)
        where = dict(zip(("boxes", "eyes"), face_boxes(scene.pose, shapes, size), strict=True))
    return where | {
        "images": paint(person, shapes, folds, drop, scene, size, finer),
        "action_units": activity,
        "pose": scene.pose.degrees.astype(np.float32),
        "occluder": np.asarray(OCCLUDERS)[scene.occluder],
        "masks": unit_masks(activity, person, shapes, drop, scene, size) if masks else None,
    }


def _activity(rows, seed):
    if rows.action_units is not None:
        return np.asarray(rows.action_units, np.float32)
    draws = Draws(seed, _EXPRESSION, rows.keys)
    activity = facs.draw_units(draws, rows.expressions, rows.intensity)
    return activity if rows.rise is None else activity * rows.rise[:, None].astype(np.float32)


def _scene(rows, person, size, seed):
    side = min(size)
    draws = Draws(seed, _SCENE, rows.keys)
    scene = draw_scene(draws, person, (size[0] / side, size[1] / side))
    degrees = scene.pose.degrees if rows.pose is None else np.asarray(rows.pose, float)
    degrees = degrees if rows.turn is None else degrees + rows.turn
    scene = dataclasses.replace(scene, pose=dataclasses.replace(scene.pose, degrees=degrees))
    if rows.place is not None:
        scene = dataclasses.replace(scene, pose=scene.pose.moved(rows.place))
    if rows.frame is not None:
        scene.camera.speck = Draws(seed, _GRAIN, rows.keys * 1000 + rows.frame).uniform()
    if rows.occluder is not None:
        numbers = np.array([OCCLUDERS.index(kind) for kind in rows.occluder])
        scene = dataclasses.replace(scene, occluder=numbers)
    return scene
