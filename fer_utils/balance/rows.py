"""Balancing by choosing rows: some are left out, or come several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.datasets.base import UNKNOWN
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


def counts(dataset: Dataset, rows: np.ndarray) -> dict[str, int]:
    """Return how many rows each class has: a dict by name, in the order of the classes."""
    number = numbers(dataset, rows)
    return dict(zip(dataset.classes, number.tolist(), strict=True))


def removal_counts(counts: dict[str, int], factor: float = 1.5, passes: int = 2) -> dict[str, int]:
    """Return what seed 000's removal leaves of each class.

    In each pass, a class with more than ``factor`` times the average is cut to the average
    (of the classes that have any rows, rounded down); the second pass sees the new average.

    Args:
        counts: dict from class to its number of rows.
        factor: float, 1 or more.
        passes: int.

    Returns:
        dict from class to the number of rows that stay.

    Example:
        >>> removal_counts({"happy": 90, "sad": 30, "fear": 6})
        {'happy': 26, 'sad': 30, 'fear': 6}
    """
    for _ in range(passes):
        average = sum(counts.values()) // max(sum(n > 0 for n in counts.values()), 1)
        counts = {name: average if n > factor * average else n for name, n in counts.items()}
    return counts


def remove_majority(
    dataset: Dataset, rows: np.ndarray, seed: int = 0, factor: float = 1.5, passes: int = 2
) -> np.ndarray:
    """Return the rows that seed 000's removal leaves: ``remove_to`` its ``removal_counts``.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        seed: int.
        factor: see ``removal_counts``.
        passes: see ``removal_counts``.

    Returns:
        int64, sorted.

    Raises:
        FerError: rows that are not of ``train``, or without label.
    """
    rows = checked(dataset, rows)
    return remove_to(dataset, rows, removal_counts(counts(dataset, rows), factor, passes), seed)


def remove_to(
    dataset: Dataset, rows: np.ndarray, n: int | Mapping[str, int] | None = None, seed: int = 0
) -> np.ndarray:
    """Return rows with at most ``n`` of each class, drawn at random.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        n: int, or a dict from class to int; None for the size of the smallest class that has
            any rows.
        seed: int.

    Returns:
        int64, sorted.

    Raises:
        FerError: rows that are not of ``train``, or without label.
    """
    rows = checked(dataset, rows)
    number = numbers(dataset, rows)
    n = number[number > 0].min() if n is None else n
    limits = [n[name] for name in dataset.classes] if isinstance(n, dict) else [n] * len(number)
    rng = np.random.default_rng(seed)
    kept = [
        rng.permutation(own)[: limits[dataset.labels[own[0]]]] for own in _by_class(dataset, rows)
    ]
    return np.sort(np.concatenate(kept))


def duplicate_to(
    dataset: Dataset, rows: np.ndarray, n: int | None = None, seed: int = 0
) -> np.ndarray:
    """Return rows with at least ``n`` of each class, those of rarer ones several times.

    Each row of a class comes equally often, give or take one; larger classes stay.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        n: int; None for the size of the largest class.
        seed: int, of the choice of those that come once more.

    Returns:
        int64, sorted; rows repeat. Shuffle them, as ``fit`` does.

    Raises:
        FerError: rows that are not of ``train``, or without label.
    """
    rows = checked(dataset, rows)
    n = numbers(dataset, rows).max() if n is None else n
    return np.sort(np.concatenate([rows, missing(dataset, rows, n, seed)]))


def repeat_to(rows: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Return ``n`` rows: these in random order, all of them before any comes again.

    Training shuffles them anew: what stays is that each comes equally often, give or take one.

    Fit ways of balancing on as many: then each takes the same number of steps, and they differ
    in nothing but the balance. A plain epoch of duplicated rows would train for longer.

    Args:
        rows: int ``(m,)``, not empty.
        n: int.
        seed: int.

    Returns:
        int64 ``(n,)``.
    """
    return _endless(np.asarray(rows), n, np.random.default_rng(seed))


def balanced_batches(
    dataset: Dataset,
    rows: np.ndarray,
    size: int,
    seed: int | Sequence[int] = 0,
    steps: int | None = None,
) -> np.ndarray:
    """Return batches of rows in which each class comes equally often, give or take one.

    A class's rows come in random order, all of them before any comes again.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        size: int, rows a batch.
        seed: int or several; give another for each epoch.
        steps: int, how many batches; None for as many as ``rows`` would fill.

    Returns:
        int64 ``(steps, size)``.

    Raises:
        FerError: rows that are not of ``train``, or without label.
    """
    rows = checked(dataset, rows)
    rng = np.random.default_rng(seed)
    labels = dataset.labels[rows]
    present = np.unique(labels)
    steps = -(-len(rows) // size) if steps is None else steps
    rounds = -(-steps * size // len(present))
    columns = [_endless(rows[labels == label], rounds, rng) for label in rng.permutation(present)]
    return np.stack(columns, 1).reshape(-1)[: steps * size].reshape(steps, size)


def checked(dataset, rows):
    """Return rows as int64, if they may be balanced."""
    rows = np.asarray(rows)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
    if not len(rows):
        raise FerError("no rows: give rows of train")
    if (dataset.split[rows] != "train").any():
        others = ", ".join(sorted(set(dataset.split[rows].tolist()) - {"train"}))
        raise FerError(
            f"only rows of train are fitted or balanced, these hold {others}: split first"
        )
    if (dataset.labels[rows] == UNKNOWN).any():
        raise FerError(
            "rows without label cannot be fitted or balanced: leave out those of label -1"
        )
    return rows


def numbers(dataset, rows):
    """Return how many rows each class has, int64 ``(classes,)``."""
    return np.bincount(dataset.labels[rows], minlength=len(dataset.classes))


def missing(dataset, rows, n, seed):
    """Return the rows to repeat so that each class that has any has ``n``.

    Args:
        dataset: a Dataset.
        rows: int64, as from ``checked``.
        n: int.
        seed: int.

    Returns:
        int64; empty where no class has fewer.
    """
    rng = np.random.default_rng(seed)
    found = [np.empty(0, np.int64)]
    for own in _by_class(dataset, rows):
        whole, rest = divmod(max(n - len(own), 0), len(own))
        found += [np.repeat(own, whole), rng.choice(own, rest, replace=False)]
    return np.concatenate(found)


def _by_class(dataset, rows):
    labels = dataset.labels[rows]
    return [rows[labels == label] for label in np.unique(labels)]


def _endless(rows, length, rng):
    """Return ``length`` of these rows: one permutation after the other."""
    times = -(-length // len(rows))
    return np.concatenate([rng.permutation(rows) for _ in range(times)])[:length]
