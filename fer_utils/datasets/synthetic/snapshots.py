"""Photographs in which the face is somewhere: small or large, at the side, cut by the border."""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_utils.datasets.base import UNKNOWN, Dataset, group_identical
from fer_utils.datasets.synthetic.checks import check_seed, class_names, pair
from fer_utils.datasets.synthetic.draws import Draws
from fer_utils.datasets.synthetic.labelling import expressions
from fer_utils.datasets.synthetic.plan import Plan
from fer_utils.datasets.synthetic.rendering import Rows, render
from fer_utils.errors import FerError

_STREAM = 12


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshots:
    """Photographs and where the face was drawn; pixels, row i is one photograph.

    Args:
        dataset: Dataset; images uint8 ``(n, height, width)``.
        boxes: float32 ``(n, 4)``: x, y, width and height from the forehead to the chin; reaches
            beyond the border where the face does.
        eyes: float32 ``(n, 2, 2)``: x and y of the left and the right eye of the picture.
    """

    dataset: Dataset
    boxes: np.ndarray = dataclasses.field(repr=False)
    eyes: np.ndarray = dataclasses.field(repr=False)


def snapshots(
    n: int = 900,
    size: int | tuple[int, int] = (96, 128),
    seed: int = 0,
    classes: int = 7,
    wrong_labels: float = 0.08,
    faces: tuple[float, float] = (0.3, 0.8),
) -> Snapshots:
    """Draw photographs of whole scenes: one person each, near or far, anywhere.

    Split and persons are as in ``load``: no person is in two splits.

    Args:
        n: int, how many.
        size: int or ``(height, width)``.
        seed: int, 0 or more.
        classes: 7 for FER2013's classes in its order, 8 for those of DATA622.
        wrong_labels: share of rows with a wrong label, 0-1.
        faces: least and greatest size of a face, 1 for one that fills the shorter side.

    Returns:
        Snapshots; ``test`` labels are -1.

    Raises:
        FerError: an argument out of its range.

    Example:
        >>> snapshots(100).dataset.images.shape
        (100, 96, 128)
    """
    check_seed(seed)
    if not 0.1 <= faces[0] <= faces[1] <= 1:
        raise FerError(f"synthetic faces: faces is {faces}; write two sizes from 0.1 to 1")
    size, plan = pair(size), Plan(n, seed, classes, wrong_labels, twins=0, blanks=0)
    rows = Rows(
        keys=np.arange(n),
        expressions=np.asarray(expressions(class_names(classes)))[plan.truth],
        identity=plan.persons,
        place=_places(n, seed, size, faces),
    )
    drawn = render(rows, size, seed)
    labels = np.where(plan.split == "test", UNKNOWN, plan.labels).astype(np.int8)
    groups = group_identical(drawn["images"], plan.groups)
    dataset = Dataset(drawn["images"], labels, plan.classes, plan.split, groups,
                      np.arange(n).astype(str), "synthetic", "synthetic photographs")  # fmt: skip
    return Snapshots(dataset, drawn["boxes"], drawn["eyes"])


def _places(n, seed, size, faces):
    """Return float ``(n, 3)``: middle between the eyes, x and y in image sides, and the size."""
    draws = Draws(seed, _STREAM, np.arange(n))
    share = draws.uniform(*faces)
    # A tenth of a face may be lost at the border.
    room = np.array(size[::-1]) / min(size) - 0.8 * share[:, None]
    x, y = (0.4 * share + room[:, i] * draws.uniform() for i in (0, 1))
    return np.stack([x, y, share], axis=1)
