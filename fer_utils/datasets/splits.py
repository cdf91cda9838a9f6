"""Splits that keep a group (one person, identical pixels) on one side."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.datasets.base import MIXED
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset

_FEW = 4000  # groups up to which StratifiedGroupKFold takes at most some seconds


def share(
    dataset: Dataset, rows: np.ndarray, fraction: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Part rows in two, stratified by label, no group on both sides.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, the rows to part, for example ``dataset.rows("train")``.
        fraction: the share of rows to hold out, above 0 and below 1.
        seed: int.

    Returns:
        ``(kept, held_out)``, two sorted int64 arrays that together are ``rows``.

    Raises:
        FerError: fewer groups than the fraction needs.

    A class with a single group stays in ``kept``.
    """
    from sklearn.model_selection import train_test_split

    # One entry a group, under its first row's label: few groups mix labels, and this takes
    # milliseconds where StratifiedGroupKFold takes 12 s for FER2013's 27,000 groups.
    rows = _checked(dataset, rows)
    groups, first = np.unique(dataset.groups[rows], return_index=True)
    labels = dataset.labels[rows][first]
    counts = {label: (labels == label).sum() for label in np.unique(labels)}
    splittable = np.array([counts[label] > 1 for label in labels], bool)
    kinds = len(np.unique(labels[splittable]))
    enough = math.ceil(splittable.sum() * fraction) >= max(kinds, 1)  # one group a class
    if len(groups) * fraction < 1 or not enough:
        raise FerError(
            f"cannot hold out {fraction:.0%}: there are only {len(groups)} groups "
            f"of {len(counts)} classes"
        )
    held_out = train_test_split(
        groups[splittable],
        test_size=fraction,
        stratify=labels[splittable],
        random_state=seed,
    )[1]
    out = np.isin(dataset.groups[rows], held_out)
    return np.sort(rows[~out]), np.sort(rows[out])


def folds(
    dataset: Dataset, rows: np.ndarray, k: int = 5, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Part rows in ``k``, stratified by label, no group in two folds.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, for example ``dataset.rows("train")``.
        k: int, how many folds, 2 or more.
        seed: int.

    Returns:
        list of ``k`` pairs ``(kept, held_out)``, sorted int64 arrays that together are
        ``rows``; each row is held out once.

    Raises:
        FerError: fewer groups than folds, or ``k`` under 2.

    A class with fewer groups than folds is missing from some of the held-out parts; one with
    a single group is missing from ``kept`` where it is held out.
    """
    rows = np.sort(_checked(dataset, rows))
    groups, first, member = np.unique(dataset.groups[rows], return_index=True, return_inverse=True)
    if not 2 <= k <= len(groups):
        raise FerError(f"cannot make {k} folds of {len(groups)} groups: give 2 or more, but fewer")
    if len(groups) <= _FEW:
        number = _by_rows(dataset.labels[rows], member, k, seed)
    else:
        number = _by_groups(dataset.labels[rows][first], k, seed)[member]
    return [(rows[number != fold], rows[number == fold]) for fold in range(k)]


def hold_out(
    dataset: Dataset, fraction: float, seed: int = 0, source: str = "train", target: str = "valid"
) -> Dataset:
    """Return the Dataset with a part of one split moved to another.

    Args:
        dataset: a Dataset.
        fraction: share of rows to move, between 0 and 0.5; the nearest 1/k is taken.
        seed: int.
        source: the split to take from; only its labelled rows are moved.
        target: the split that they become.

    Raises:
        FerError: a fraction out of its range, or fewer groups than it needs.
    """
    if not 0 < fraction <= 0.5:
        raise FerError(f"cannot hold out a share of {fraction}: give one between 0 and 0.5")
    rows = dataset.rows(source)
    rows = rows[dataset.labels[rows] >= 0]
    held_out = folds(dataset, rows, round(1 / fraction), seed)[0][1]
    split = dataset.split.astype(object)
    split[held_out] = target
    return dataclasses.replace(dataset, split=split.astype(str))


def trial(dataset: Dataset, n: int | None = None, seed: int = 0) -> Dataset:
    """Return Training alone, parted for choosing: some rows to fit, the others to judge on.

    What is chosen so, a recipe or a way of balancing, has not been chosen on PublicTest.

    Args:
        dataset: a Dataset.
        n: int, about how many rows stay ``train``, two thirds of Training at most; None for
            those.
        seed: int, of the choice.

    Returns:
        Dataset of the labelled ``train`` rows, in their order; those not to be fitted are
        ``valid``. No group is in both.

    Raises:
        FerError: fewer groups than that needs.
    """
    train = dataset.take((dataset.split == "train") & (dataset.labels >= 0))
    fraction = min((n or len(train)) / max(len(train), 1), 2 / 3)
    fitted = share(train, np.arange(len(train)), fraction, seed)[1]
    split = np.full(len(train), "valid")
    split[fitted] = "train"
    alone = ~np.isin(train.labels, train.labels[fitted])  # classes of one group, left to judge
    split[np.isin(train.groups, train.groups[alone])] = "train"
    return dataclasses.replace(train, split=split)


def _checked(dataset, rows):
    rows = np.asarray(rows, np.int64)
    if (dataset.groups[rows] == MIXED).any():
        raise FerError("rows mixed of several groups (SMOTE's) cannot be split: split first")
    return rows


def _by_rows(labels, member, k, seed):
    """Return a fold for each row: big groups are weighed, the number of groups is small."""
    from sklearn.model_selection import StratifiedGroupKFold

    return _numbered(StratifiedGroupKFold, labels, k, seed, groups=member)


def _by_groups(labels, k, seed):
    """Return a fold for each group, as if each had one row."""
    from sklearn.model_selection import StratifiedKFold

    return _numbered(StratifiedKFold, labels, k, seed)


def _numbered(splitter, labels, k, seed, **groups):
    if np.bincount(labels - labels.min()).max() < k:
        # Scikit-learn refuses where no class has k members; there is nothing to stratify by.
        labels = np.zeros_like(labels)
    number = np.empty(len(labels), np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class is rare: our docstring says what happens
        parts = splitter(k, shuffle=True, random_state=seed).split(labels, labels, **groups)
        for fold, (_, held_out) in enumerate(parts):
            number[held_out] = fold
    return number


def subset(dataset: Dataset, n: int | None, seed: int = 0) -> Dataset:
    """Return a Dataset of at most ``n`` rows, the same share of each split, in their order.

    Rows are drawn at random, so a group may be cut; none ever changes its split.
    """
    if n is None or n >= len(dataset):
        return dataset
    kept = np.random.default_rng(seed).permutation(len(dataset))
    split = dataset.split[kept]
    parts = [kept[split == s][: n * (split == s).sum() // len(split)] for s in np.unique(split)]
    return dataset.take(np.sort(np.concatenate(parts)))
