"""FER+ votes for FER2013: what ten annotators saw in each image (Barsoum et al. 2016)."""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import reading
from fer_utils.datasets.base import UNKNOWN
from fer_utils.errors import FerError
from fer_utils.labels import mapping

if TYPE_CHECKING:
    import pandas as pd

    from fer_utils.datasets import Dataset

FILE = "fer2013new.csv"
# The columns of the official file, in its order, without Usage and Image name.
COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
NO_EMOTION = ("unknown", "NF")  # cannot tell; not a face
_SPLIT_OF = {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}
_LEAVE = "leave it out"
_FER2013 = {"angry": "anger", "happy": "happiness", "sad": "sadness"}


def find(root: str | Path | None) -> Path | None:
    """Return the path of ``fer2013new.csv`` in a data folder or beside it, None if absent."""
    if root is None:
        return None
    root = Path(root)
    folder = root if root.is_dir() else root.parent
    places = (folder / FILE, folder.parent / FILE, folder / "ferplus" / FILE)
    return next((place for place in places if place.is_file()), None)


def usable(dataset: Dataset) -> bool:
    """Return whether the votes can be told to a Dataset's rows: all of FER2013, numbered.

    Names of image folders' rows are paths, which say nothing of the place in fer2013.csv.
    """
    return dataset.names.tolist() == [str(i) for i in range(len(dataset))]


def votes(path: str | Path, dataset: Dataset) -> np.ndarray:
    """Return the votes for each row of FER2013, in the order of the Dataset.

    Args:
        path: ``fer2013new.csv``; its rows are those of fer2013.csv, in its order.
        dataset: the whole of FER2013, as ``load`` returns it from anything but image folders.

    Returns:
        int64 ``(n, 10)``, columns ``COLUMNS + NO_EMOTION``; -1 in rows beyond the file's end.

    Raises:
        FerError: the Dataset is not ``usable``, columns are missing, a vote is no number, or the
            file has more rows than FER2013, or others.
    """
    if not usable(dataset):
        raise FerError(
            f"{path} has the votes in the order of fer2013.csv, which the rows of "
            f"{dataset.source} are not in: load all of a table of FER2013, not image folders"
        )
    table = _read(path, dataset)
    missing = np.full((len(dataset) - len(table), table.shape[1]), -1)
    return np.concatenate([table, missing])


def _read(path, dataset):
    """Return int64 ``(rows of the file, 10)``."""
    told = reading.text(path, _LEAVE).removeprefix("\ufeff")
    (_, header), *lines = reading.table(path, _LEAVE, told) or [(1, [])]
    header = [name.strip() for name in header]
    lines = [(line, cells) for line, cells in lines if cells]
    lacking = [name for name in (*COLUMNS, *NO_EMOTION) if header.count(name) != 1]
    if lacking:
        raise FerError(
            f"{path} is not FER+'s fer2013new.csv (no column {lacking[0]}, or two): {_LEAVE}"
        )
    if len(lines) > len(dataset):
        raise FerError(f"{path} has {len(lines)} rows, but the data {len(dataset)}: not its votes")
    rows = [
        _votes_of(path, line, dict(zip(header, cells, strict=False)), split)
        for (line, cells), split in zip(lines, dataset.split, strict=False)
    ]
    return np.array(rows, np.int64).reshape(-1, len(COLUMNS) + len(NO_EMOTION))


def _votes_of(path, line, row, split):
    cells = [row.get(name, "").strip() for name in (*COLUMNS, *NO_EMOTION)]
    wrong = [cell for cell in cells if not re.fullmatch("[0-9]|10", cell)]
    if wrong:
        raise FerError(
            f"{path} is not FER+'s fer2013new.csv, line {line}: {wrong[0][:20]!r} is no number of "
            f"votes (0-10): {_LEAVE}"
        )
    usage = row.get("Usage", "").strip()
    if _SPLIT_OF.get(usage, split) != split:
        raise FerError(
            f"{path}, line {line} is of {usage}, but that row of the data is {split}: rows are "
            f"lost or moved: {_LEAVE}, or download it again"
        )
    return list(map(int, cells))


def agreement(dataset: Dataset, votes: np.ndarray) -> pd.DataFrame:
    """Return how often FER2013's label is the annotators' majority among its seven classes.

    Args:
        dataset: FER2013.
        votes: int ``(n, 10)`` from ``votes``.

    Returns:
        DataFrame, a row a class and one for ``all``: ``images`` that have a label, votes and
        a majority emotion of FER2013's, ``agreement`` between 0 and 1.
    """
    import pandas as pd

    columns = [COLUMNS.index(_FER2013.get(name, name)) for name in dataset.classes]
    counts = votes[:, columns]
    usable = (dataset.labels >= 0) & (counts.max(axis=1) > 0)
    usable &= counts.max(axis=1) >= votes[:, len(COLUMNS) :].max(axis=1)
    agrees = counts.argmax(axis=1) == dataset.labels
    rows = [
        (name, usable & (dataset.labels == label)) for label, name in enumerate(dataset.classes)
    ]
    rows.append(("all", usable))
    return pd.DataFrame(
        [(name, int(r.sum()), agrees[r].mean() if r.any() else np.nan) for name, r in rows],
        columns=["class", "images", "agreement"],
    ).set_index("class")


def majority(votes: np.ndarray, classes: Sequence[str], least: float = 0.5) -> np.ndarray:
    """Return the label that most annotators gave.

    Args:
        votes: int ``(n, 10)`` from ``votes``.
        classes: tuple of class names, for example ``labels.FER2013``.
        least: share of an image's votes that the label must exceed, 0-1. "Unknown" and "not a
            face" are votes too. Barsoum et al. ask for more than half.

    Returns:
        int8 ``(n,)``, -1 where no emotion has it: opinions differ, most cannot tell or see no
        face, the emotion is not among the classes, or there are no votes.

    Example:
        >>> counts = np.array([[1, 8, 0, 0, 0, 0, 0, 0, 1, 0]])
        >>> majority(counts, ("happy", "sad"))
        array([0], dtype=int8)
    """
    counts = np.maximum(votes, 0)
    best = counts.argmax(axis=1)
    most = counts.max(axis=1)
    tied = (counts == most[:, None]).sum(axis=1) > 1
    enough = (most > least * counts.sum(axis=1)) & ~tied
    index = np.array([*mapping(COLUMNS, classes), UNKNOWN, UNKNOWN], np.int8)
    return np.where(enough, index[best], UNKNOWN).astype(np.int8)


def clarity(votes: np.ndarray) -> np.ndarray:
    """Return the share of each image's votes that its commonest emotion got.

    Args:
        votes: int ``(n, 10)`` from ``votes``.

    Returns:
        float ``(n,)``, 0-1, low where annotators differ or cannot tell; NaN without votes.
    """
    counts = np.maximum(votes, 0)
    total = counts.sum(axis=1)
    best = counts[:, : len(COLUMNS)].max(axis=1)
    return np.where(total > 0, best / np.maximum(total, 1), np.nan)


def soft_labels(votes: np.ndarray, classes: Sequence[str], outliers: int = 1) -> np.ndarray:
    """Return the annotators' opinions as probabilities, to train on with cross-entropy.

    Args:
        votes: int ``(n, 10)`` from ``votes``.
        classes: tuple of class names; votes for others do not count.
        outliers: an emotion with at most so many votes is taken for a slip and left out, as
            Barsoum et al. do.

    Returns:
        float32 ``(n, classes)``; rows sum to 1, or to 0 where "unknown" or "not a face" has
        at least as many votes as any emotion, or no emotion is left: such a row has no loss.
    """
    counts = np.maximum(votes, 0)
    emotions = np.where(counts[:, : len(COLUMNS)] > outliers, counts[:, : len(COLUMNS)], 0)
    nothing = counts[:, len(COLUMNS) :].max(axis=1)
    emotions[emotions.max(axis=1) <= nothing] = 0
    soft = np.zeros((len(votes), len(classes)), np.float32)
    for column, label in enumerate(mapping(COLUMNS, classes)):
        if label != UNKNOWN:
            soft[:, label] += emotions[:, column]
    return soft / np.maximum(soft.sum(axis=1, keepdims=True), 1)


def relabel(
    dataset: Dataset, votes: np.ndarray, least: float = 0.5, undecided: str = "drop"
) -> Dataset:
    """Return FER2013 with the annotators' majority as the label of its training rows.

    What a model scores on ``valid`` and ``test`` stays FER2013's own labels: those rows are
    untouched. A result with these labels is marked ``+aux``.

    Args:
        dataset: FER2013.
        votes: int ``(n, 10)`` from ``votes``, a row for each row of the dataset.
        least: see ``majority``.
        undecided: what becomes of training rows without a majority among the classes: ``drop``
            to leave them out with a warning that counts them, or ``keep`` FER2013's label.

    Raises:
        FerError: no such policy, or not a row of votes for each image.
    """
    if undecided not in ("drop", "keep"):
        raise FerError(f"undecided is {undecided!r}: write 'drop' or 'keep'")
    if len(votes) != len(dataset):
        raise FerError(f"{len(votes):,} rows of votes for {len(dataset):,} images: give all rows")
    train = dataset.split == "train"
    best = majority(votes, dataset.classes, least)
    labels = np.where(train & (best != UNKNOWN), best, dataset.labels)
    source = f"{dataset.source}, training labels by FER+"
    dataset = dataclasses.replace(dataset, labels=labels.astype(np.int8), source=source)
    lost = train & (best == UNKNOWN)
    if undecided == "keep" or not lost.any():
        return dataset
    warnings.warn(
        f"FER+: {lost.sum():,} training images are left out: {_reasons(votes[lost])}", stacklevel=2
    )
    return dataset.take(np.flatnonzero(~lost))


def _reasons(votes):
    """Return why these have no label among the classes, counted."""
    best = votes.argmax(axis=1)
    face, known = (best == len(COLUMNS) + NO_EMOTION.index(n) for n in ("NF", "unknown"))
    others = len(votes) - face.sum() - known.sum()
    return f"{face.sum():,} not a face, {known.sum():,} unknown, {others:,} without a majority"
