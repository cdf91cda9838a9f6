"""Sequences of frames from neutral to the peak of an expression, each under one label.

A SequenceSet is a Dataset of frames and says which rows make up which sequence. It reads CK+'s
folders, draws synthetic sequences, or takes arrays of frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils.datasets import ckplus, synthetic
from fer_utils.datasets.base import Dataset
from fer_utils.datasets.sequences.sequence_set import SequenceSet
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS, class_index

if TYPE_CHECKING:
    from fer_utils.datasets.synthetic.sequences import Sequences

__all__ = ["SequenceSet", "drawn", "from_arrays", "load"]


def load(
    name: str = "ckplus",
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    **options: Any,
) -> SequenceSet:
    """Return the sequences of a source.

    Args:
        name: ``ckplus`` or ``synthetic``.
        root: of CK+'s tree; None to look in the usual places.
        size: int or ``(height, width)`` to have frames of; needed where CK+'s differ.
        **options: of ``ckplus.load_sequences``; or of ``synthetic.sequences``, ``n`` first.

    Raises:
        FerError: no such source; see those functions.

    Example:
        >>> load("synthetic", n=12, size=48).peaks.images.shape
        (12, 48, 48)
    """
    if name == "ckplus":
        return SequenceSet(*ckplus.load_sequences(root, size, **options))
    if name == "synthetic":
        return drawn(synthetic.sequences(size=size or 48, **options))
    raise FerError(f"no sequences in {name!r}: there are ckplus, synthetic")


def drawn(film: Sequences) -> SequenceSet:
    """Return the SequenceSet of ``synthetic.Sequences``, under CK+'s class names."""
    of_ckplus = [-1 if name == "neutral" else class_index(name, CKPLUS) for name in film.classes]
    labels = np.array(of_ckplus, np.int8)[film.labels]
    source = f"{len(film)} sequences drawn"
    return from_arrays(film.frames, labels, film.identity, CKPLUS, "synthetic", source)


def from_arrays(
    frames: Sequence[np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    classes: Sequence[str],
    name: str = "arrays",
    source: str = "arrays of frames",
) -> SequenceSet:
    """Return the SequenceSet of arrays of frames, all ``train``.

    Args:
        frames: list of n uint8 ``(t, height, width)`` or ``(t, height, width, 3)``, t of each
            its own.
        labels: int ``(n,)``, index in ``classes``.
        groups: int ``(n,)``, the persons.
        classes: tuple of class names.
        name: of the data.
        source: where they come from, for people.

    Raises:
        FerError: no sequences, one without frames, or frames of different sizes.
    """
    if not frames:
        raise FerError(f"{source}: there are no sequences, give one at least")
    shapes = [np.shape(own)[1:] for own in frames]
    lengths = [len(own) for own in frames]
    for i, shape in enumerate(shapes):
        if not lengths[i]:
            raise FerError(f"sequence {i} has no frames: leave it out")
        if shape != shapes[0]:
            raise FerError(
                f"sequence {i} has frames of {shape}, sequence 0 of {shapes[0]}: resize them"
            )
    rows = np.split(np.arange(sum(lengths)), np.cumsum(lengths)[:-1])
    which = np.repeat(np.arange(len(frames)), lengths)
    dataset = Dataset(
        images=np.concatenate(frames),
        labels=np.asarray(labels, np.int8)[which],
        classes=tuple(classes),
        split=np.full(len(which), "train"),
        groups=np.asarray(groups, np.int64)[which],
        names=np.array([f"{i}/{t}" for i, own in enumerate(rows) for t in range(len(own))]),
        name=name,
        source=source,
    )
    return SequenceSet(dataset, rows)
