"""The rows of FER2013 as read, before the private labels are withheld, and as a Dataset."""

import dataclasses
import warnings

import numpy as np

from fer_utils.datasets.base import SPLITS, UNKNOWN, Dataset, group_identical
from fer_utils.datasets.images import all_resized
from fer_utils.datasets.splits import share
from fer_utils.errors import FerError
from fer_utils.labels import FER2013

SIDE = 48  # an image is SIDE x SIDE pixels
# Names of the parts in the files; their places are those of train, valid and test in SPLITS.
USAGES = ("Training", "PublicTest", "PrivateTest")
TRAINING, PUBLIC, PRIVATE = range(3)


@dataclasses.dataclass
class Rows:
    """What a source holds, in its own order.

    Args:
        images: uint8 ``(n, height, width)``.
        labels: int8 ``(n,)``, -1 where the source has none. Those of PrivateTest are among
            them: only ``to_dataset`` makes of this what others may see.
        usage: int8 ``(n,)``, index in ``USAGES``.
        source: where they were read from, for people.
        names: list of n paths; None for row numbers.
    """

    images: np.ndarray
    labels: np.ndarray
    usage: np.ndarray
    source: str
    names: list | None = None


def in_order(usage):
    """Return the int64 ``(n,)`` order that puts Training first and PrivateTest last.

    The submission counts on it: PublicTest stands before PrivateTest.
    """
    return np.argsort(usage, kind="stable")


def to_dataset(rows, shape=None, hold_out=False):
    """Return the Dataset of these rows: in order, labels of the test rows withheld.

    Args:
        rows: Rows.
        shape: ``(height, width)`` to resize to; None to keep.
        hold_out: take ``valid`` from the training rows (a tenth, no group on both sides).
    """
    if np.any(np.diff(rows.usage) < 0):
        order = in_order(rows.usage)
        names = rows.names and [rows.names[i] for i in order]
        images, labels, usage = rows.images[order], rows.labels[order], rows.usage[order]
        rows = Rows(images, labels, usage, rows.source, names)
    names = [str(i) for i in range(len(rows.images))] if rows.names is None else rows.names
    same = shape is None or shape == rows.images.shape[1:]
    dataset = Dataset(
        images=rows.images if same else all_resized(rows.images, shape),
        labels=np.where(rows.usage == PRIVATE, UNKNOWN, rows.labels).astype(np.int8),
        classes=FER2013,
        split=np.array(SPLITS)[rows.usage],
        groups=group_identical(rows.images),
        names=np.array(names, dtype=str),
        name="fer2013",
        source=rows.source,
    )
    return _with_valid(dataset) if hold_out else dataset


def _with_valid(dataset):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class is rare, which holds for any FER2013
        try:
            held_out = share(dataset, dataset.rows("train"), 0.1, seed=0)[1]
        except FerError as error:
            raise FerError(
                f"{dataset.source}: too few images in train/ to hold out a tenth for validation: "
                "give at least 10 of a class"
            ) from error
    dataset.split[held_out] = "valid"
    return dataset
