"""A data set of some of its classes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.datasets.base import UNKNOWN
from fer_utils.errors import FerError
from fer_utils.labels import class_index

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


def restrict(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """Return the rows of some classes, labelled by their place among these.

    Rows of unknown label are left out: nobody knows whether they are of these classes.

    Args:
        dataset: the Dataset.
        classes: tuple of class names, in any of the usual spellings.

    Returns:
        Dataset.

    Raises:
        FerError: a class that the data do not have, or of which there is no row.

    Example:
        >>> restrict(fer2013, labels.HAPPY_SAD).classes
        ('happy', 'sad')
    """
    table = np.full(len(dataset.classes) + 1, UNKNOWN, np.int8)  # the last is label -1's
    for new, name in enumerate(classes):
        table[class_index(name, dataset.classes)] = new
    labels = table[dataset.labels]
    for new, name in enumerate(classes):
        if not (labels == new).any():
            raise FerError(f"{dataset.name} has no row of {name}: choose other classes")
    rows = np.flatnonzero(labels != UNKNOWN)
    return dataclasses.replace(dataset.take(rows), labels=labels[rows], classes=tuple(classes))
