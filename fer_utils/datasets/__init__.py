"""Data sets by name: each source is one file here and returns a Dataset.

What a source reads, and what its ``load`` takes beside ``root`` and ``size``, says its own page:
``fer_utils.datasets.fer2013``, ``fer_utils.datasets.synthetic``, ``fer_utils.datasets.ckplus``,
``fer_utils.datasets.facial_expressions``, ``fer_utils.datasets.folder``. Beside them:
``fer_utils.datasets.sequences`` for whole sequences, ``fer_utils.datasets.ferplus`` for the votes
of ten annotators on FER2013.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.datasets.base import SPLITS, UNKNOWN, Dataset, group_identical
from fer_utils.datasets.merge import merge
from fer_utils.datasets.restriction import restrict
from fer_utils.datasets.splits import folds, hold_out, share, subset, trial
from fer_utils.errors import FerError

__all__ = [
    "SPLITS",
    "UNKNOWN",
    "Dataset",
    "find",
    "folds",
    "group_identical",
    "hold_out",
    "list_datasets",
    "load",
    "merge",
    "private_labels",
    "restrict",
    "share",
    "subset",
    "trial",
]

# A source is a module with load(root=None, size=None, **options) -> Dataset; one that reads
# files has find(root=None) -> path or None too.
_SOURCES = {
    "ckplus": "fer_utils.datasets.ckplus",
    "facial_expressions": "fer_utils.datasets.facial_expressions",
    "fer2013": "fer_utils.datasets.fer2013",
    "folder": "fer_utils.datasets.folder",
    "synthetic": "fer_utils.datasets.synthetic",
}


def list_datasets() -> list[str]:
    """Return the registered names, sorted."""
    return sorted(_SOURCES)


def load(
    name: str,
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    **options: Any,
) -> Dataset:
    """Return a data set by name.

    Args:
        name: one of ``list_datasets()``.
        root: folder or file that holds it; None to look in the usual places.
        size: int or ``(height, width)`` to have images of; None for the source's own.
        **options: the source's own, see its module.

    Raises:
        FerError: no such name; nothing found at ``root``; a file that is damaged.

    Example:
        >>> faces = load("synthetic", n=100, seed=1)
        >>> faces.images.shape
        (100, 48, 48)
    """
    return _source(name).load(root=root, size=size, **options)


def private_labels(dataset: Dataset, root: str | Path | None = None, **options: Any) -> np.ndarray:
    """Return the withheld labels of a Dataset's test rows: for ``evaluation.evaluate_final``.

    Args:
        dataset: a Dataset, possibly a part of what ``load`` returned.
        root: as given to ``load``.
        **options: as given to ``load``.

    Returns:
        int8, one for each of ``dataset.rows("test")``.

    Raises:
        FerError: the source has none.
    """
    whole = load(dataset.name, root, **options)
    withheld = _source(dataset.name).private_labels(root, **options)
    by_name = dict(zip(whole.names[whole.rows("test")].tolist(), withheld, strict=True))
    names = dataset.names[dataset.rows("test")].tolist()
    return np.array([by_name[name] for name in names], np.int8)


def find(name: str, root: str | Path | None = None) -> Path | None:
    """Return the path of a data set's files, or None where there are none.

    Raises:
        FerError: a ``root`` was given (or ``FER_UTILS_DATA`` is set), but holds no such data;
            or what there is, is damaged.
    """
    return _source(name).find(root)


def _source(name):
    if name not in _SOURCES:
        raise FerError(f"no data set {name!r}: there are {', '.join(list_datasets())}")
    return importlib.import_module(_SOURCES[name])
