"""A Dataset with transformed copies at its end that take no memory."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils.augment.bank.stream import Augmented
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


class Streamed:
    """Images that are made when they are asked for, indexed as an array is.

    Whoever turns it into an array, as ``numpy.asarray`` does, holds all of them.

    Args:
        source: the Augmented that makes them.
        samples: int ``(n,)``, which of its samples these are.
    """

    dtype = np.dtype("uint8")

    def __init__(self, source: Augmented, samples: np.ndarray) -> None:
        self.source, self.samples = source, samples
        self.shape = (len(samples), *source.images.shape[1:])

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        """Return uint8 images: of a number, a slice, or an int or bool array."""
        return self.source[self.samples[rows]][0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    @property
    def fingerprint(self) -> bytes:
        """Bytes that change when any image does: of the photographs and what is done to them."""
        source = self.source
        digest = hashlib.blake2b(repr((source.transforms, source.seed)).encode())
        for array in (source.images, self.samples):
            digest.update(np.ascontiguousarray(array).data)
        return digest.digest()


def with_copies(
    dataset: Dataset, rows: np.ndarray, names: Sequence[str], seed: int = 0
) -> tuple[Dataset, np.ndarray]:
    """Return the Dataset with transformed copies of rows at its end, none of them held.

    Split first: a copy is in its original's split, so that no photograph has copies on both
    sides.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)`` or bool ``(n,)``, the rows to copy, say
            ``dataset.rows("train")``.
        names: transforms, each as often as wanted: one copy of each row for each.
        seed: int; what is drawn follows from it.

    Returns:
        ``(longer, rows)``: the Dataset, each copy in its original's split and group, and the
        int64 numbers of the rows and their copies, ``(m * (1 + len(names)),)``.

    Raises:
        FerError: no such transform; no rows.

    Example:
        >>> longer, train = with_copies(faces, faces.rows("train"), SETS["seed000_19"])
        >>> fit = training.fit_or_restore("v1", longer, s, rows=train)
    """
    n, rows = len(dataset), np.asarray(rows)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
    if not len(rows):
        raise FerError("no rows to copy: give rows of train")
    source = Augmented(dataset.images, dataset.labels, names, seed)
    copies = (n * np.arange(1, 1 + len(names))[:, None] + rows).ravel()
    samples = np.concatenate([np.arange(n), copies])
    own = source.rows(samples)
    named = [f"{dataset.names[row]}+{i // len(rows) + 1}" for i, row in enumerate(own[n:])]
    longer = dataclasses.replace(
        dataset,
        images=Streamed(source, samples),  # type: ignore[arg-type]  # indexed as an array is
        labels=dataset.labels[own],
        split=dataset.split[own],
        groups=dataset.groups[own],
        names=np.array([*dataset.names, *named], str),
    )
    return longer, np.concatenate([rows, np.arange(n, len(samples))])
