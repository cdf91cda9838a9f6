"""Data sets by name: each source is one file here and returns a Dataset."""

import importlib

from fer_utils.datasets.base import SPLITS, UNKNOWN, Dataset, group_identical
from fer_utils.datasets.splits import share, subset
from fer_utils.errors import FerError

__all__ = ["SPLITS", "UNKNOWN", "Dataset", "find", "group_identical", "list_datasets", "load", "share", "subset"]

# A source is a module with load(root=None, size=None, **options) -> Dataset; one that reads
# files has find(root=None) -> path or None too.
_SOURCES = {
    "fer2013": "fer_utils.datasets.fer2013",
    "synthetic": "fer_utils.datasets.synthetic",
}


def list_datasets():
    """Return the registered names, sorted."""
    return sorted(_SOURCES)


def load(name, root=None, size=None, **options):
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


def find(name, root=None):
    """Return the path of a data set's files, or None where there are none.

    Raises:
        FerError: a ``root`` was given, but holds no such data.
    """
    return _source(name).find(root)


def _source(name):
    if name not in _SOURCES:
        raise FerError(f"no data set {name!r}: there are {', '.join(list_datasets())}")
    return importlib.import_module(_SOURCES[name])
