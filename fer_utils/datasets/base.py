"""What every source returns: a Dataset."""

from __future__ import annotations

import dataclasses
import functools
import hashlib

import numpy as np

SPLITS = ("train", "valid", "test")
UNKNOWN = -1  # the label of a row whose label is unknown or withheld
MIXED = -1  # the group of a row made of several groups' images, as SMOTE does


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images with their labels and the split each belongs to; row i is one image.

    Args:
        images: uint8 ``(n, height, width)`` grey or ``(n, height, width, 3)`` RGB, 0-255; an
            array, or what is indexed as one, see ``augment.bank.with_copies``.
        labels: int8 ``(n,)``, the index in ``classes``, -1 where unknown or withheld.
        classes: tuple of class names.
        split: str ``(n,)``: ``train``, ``valid`` or ``test``.
        groups: int64 ``(n,)``; rows of one person, or with identical pixels, share a number.
        names: str ``(n,)``, the path relative to the root, or the row number: the row's
            identity in a submission. It does not tell the class of a ``test`` row.
        name: the data set's registered name, for example ``fer2013``.
        source: where it was read from, for people.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    split: np.ndarray
    groups: np.ndarray
    names: np.ndarray
    name: str
    source: str

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.dtype != np.uint8:
            raise ValueError(f"images must be uint8, not {self.images.dtype}")
        for field in ("labels", "split", "groups", "names"):
            if len(getattr(self, field)) != n:
                raise ValueError(f"{field} has {len(getattr(self, field))} rows, images {n}")

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        """One line in place of the arrays: name, rows, size, classes, splits."""
        size = "x".join(map(str, self.images.shape[1:]))
        splits = ", ".join(f"{np.sum(self.split == split)} {split}" for split in SPLITS)
        classes = ", ".join(self.classes)
        return f"<Dataset {self.name}: {len(self)} images of {size}; {splits}; {classes}>"

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change when any image, label, split, group or class does."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(repr((self.images.shape, self.classes)).encode())
        for array in (self.images, self.labels, self.groups):
            # Images that are made when asked for have one of their own, see augment.bank.
            own = getattr(array, "fingerprint", None)
            digest.update(own or np.ascontiguousarray(array).data)
        digest.update("\n".join(self.split.tolist()).encode())
        return digest.hexdigest()

    def rows(self, *splits: str) -> np.ndarray:
        """Return the row numbers, int64, of the named splits, in order."""
        unknown = set(splits) - set(SPLITS)
        if unknown:
            raise ValueError(f"no split {sorted(unknown)}: there are {', '.join(SPLITS)}")
        return np.flatnonzero(np.isin(self.split, splits))

    def take(self, rows: np.ndarray) -> Dataset:
        """Return the Dataset of these rows (integers or booleans), in their order."""
        picked = {
            f: getattr(self, f)[rows] for f in ("images", "labels", "split", "groups", "names")
        }
        return dataclasses.replace(self, **picked)


def group_identical(images: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    """Return int64 ``(n,)`` numbers shared by rows with identical pixels or one given group.

    Args:
        images: uint8 ``(n, ...)``.
        groups: int ``(n,)``, for example persons; rows that share one stay together, also
            transitively (a twin joins the groups of both its rows).
    """
    seen = {}  # digest of the pixels -> the first row that has them
    digests = (hashlib.blake2b(np.ascontiguousarray(x).data, digest_size=16) for x in images)
    first = np.array([seen.setdefault(d.digest(), i) for i, d in enumerate(digests)], np.int64)
    if groups is None:
        return first
    return _connected(first, np.unique(groups, return_inverse=True)[1])


def _connected(a, b):
    """Label the connected components of rows that share a value of a or of b."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = (np.ones(len(a)), (a, b + a.max(initial=0) + 1))
    size = int(a.max(initial=0) + b.max(initial=0) + 2)
    return connected_components(coo_array(edges, shape=(size, size)))[1][a].astype(np.int64)
