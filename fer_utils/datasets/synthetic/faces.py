"""Faces on request: images with everything that is known about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from fer_utils.datasets.synthetic import action_units as facs
from fer_utils.datasets.synthetic.checks import (
    check_count,
    check_seed,
    class_names,
    pair,
    per_face,
)
from fer_utils.datasets.synthetic.labelling import draw_labels, expressions
from fer_utils.datasets.synthetic.rendering import Rows, render
from fer_utils.datasets.synthetic.scene import OCCLUDERS
from fer_utils.errors import FerError

PERSONS_A_SEED = 10_000_000  # so that no two seeds draw the same persons


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Faces:
    """Drawn faces and the truth about them; row i is one image.

    Args:
        images: uint8 ``(n, height, width)``.
        labels: int8 ``(n,)``, index in ``classes``, as given: a share is wrong.
        true_labels: int8 ``(n,)``, what the face was drawn to show.
        classes: tuple of class names.
        action_units: float32 ``(n, 21)``, intensities 0-1. AU12 and AU14 have a column for the
            person's left (the picture's right) and one for the right, others show on both.
        units: tuple of 21 names of those columns, such as ``AU4`` or ``AU12L``.
        identity: int64 ``(n,)``, equal for images of one person.
        pose: float32 ``(n, 3)``, degrees of yaw (to the picture's right), pitch (up) and roll
            (clockwise).
        occluder: str ``(n,)``: none, glasses, sunglasses, hand or hair.
        masks: bool ``(n, 21, height, width)``, where each unit shows, or None if not asked
            for. All False where the unit is inactive; without what the occluder hides.
    """

    images: np.ndarray
    labels: np.ndarray
    true_labels: np.ndarray
    classes: tuple[str, ...]
    action_units: np.ndarray
    units: tuple[str, ...]
    identity: np.ndarray
    pose: np.ndarray
    occluder: np.ndarray
    masks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        size = "x".join(map(str, self.images.shape[1:]))
        masks = "without masks" if self.masks is None else "with masks"
        return f"<Faces: {len(self)} of {size}, {masks}; {', '.join(self.classes)}>"


def generate(
    n: int,
    size: int | tuple[int, int] = 48,
    seed: int = 0,
    classes: int = 7,
    labels: int | str | Sequence[int | str] | np.ndarray | None = None,
    intensity: float | np.ndarray | None = None,
    identity: int | np.ndarray | None = None,
    action_units: np.ndarray | None = None,
    pose: Sequence[float] | np.ndarray | None = None,
    occluder: str | None = None,
    wrong_labels: float = 0.08,
    masks: bool = False,
) -> Faces:
    """Draw faces, and say everything about them.

    Image i depends on the seed and on i, not on ``n``. What is given instead of drawn changes
    only that: the same call with another ``action_units`` is the same picture with another
    expression. At another size the same faces come finer (the sensor's grain is another).

    Args:
        n: int, how many.
        size: int or ``(height, width)``, 16 or more each.
        seed: int, 0 or more.
        classes: 7 for FER2013's classes in its order, 8 for those of DATA622.
        labels: what to show: index or name of a class, or ``n`` of them; None for FER2013's
            class shares.
        intensity: float or ``(n,)``, 0-1, of the expression's units; None to draw it.
        identity: int or ``(n,)``, whom to show; None for another person in each image.
        action_units: float ``(n, 21)`` or ``(21,)``, 0-1, to use instead of the label's.
        pose: ``(n, 3)`` or ``(3,)``, degrees of yaw, pitch and roll, up to 45.
        occluder: one of ``OCCLUDERS``; None to draw it.
        wrong_labels: share of ``labels`` that are wrong, 0-1.
        masks: whether to return where each unit shows.

    Returns:
        Faces.

    Raises:
        FerError: an argument out of its range.

    Example:
        >>> smile = generate(4, size=96, labels="happy", intensity=0.9, pose=(0, 0, 0))
        >>> smile.images.shape, smile.units[8]
        ((4, 96, 96), 'AU12L')
    """
    names, size = class_names(classes), pair(size)
    check_count("n", n)
    check_seed(seed)
    truth, given = draw_labels(n, seed, names, wrong_labels, wanted=labels)
    if occluder is not None and occluder not in OCCLUDERS:
        raise FerError(f"synthetic faces: occluder is {occluder!r}; write {', '.join(OCCLUDERS)}")
    rows = Rows(
        keys=np.arange(n),
        expressions=np.asarray(expressions(names))[truth],
        identity=_persons(n, seed, identity),
        intensity=per_face("intensity", intensity, (n,), limits=(0, 1)),
        action_units=per_face("action_units", action_units, (n, len(facs.NAMES)), limits=(0, 1)),
        pose=per_face("pose", pose, (n, 3), limits=(-45, 45)),
        occluder=per_face("occluder", occluder, (n,)),
    )
    return Faces(labels=given, true_labels=truth, classes=names, units=facs.NAMES,
                 identity=rows.identity, **render(rows, size, seed, masks))  # fmt: skip


def _persons(n, seed, identity):
    if identity is None:
        return seed * PERSONS_A_SEED + np.arange(n)
    return per_face("identity", identity, (n,)).astype(np.int64)
