"""Parts of labelled rows to cross-fit by: no group on both sides."""

import warnings
from collections.abc import Callable

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.scores import check_labels


def parts(
    labels: np.ndarray, groups: np.ndarray | None = None, k: int = 5, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return ``k`` pairs ``(others, held_out)``: rows to fit to, and rows to ask about.

    Classes have about the same share in each part, and no group has rows in two. A class of fewer
    rows than parts is missing from some.

    Args:
        labels: int ``(n,)``, none below 0.
        groups: int ``(n,)``, persons or identical pixels; None for single rows.
        k: int, in how many parts the rows are dealt.
        seed: int.

    Returns:
        list of pairs of int arrays; the ``held_out`` of all of them are the rows, each once.

    Raises:
        FerError: fewer parts than two; fewer groups, or rows of the commonest class, than parts;
            groups of another length; labels that are no whole numbers.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.asarray(labels)
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if k < 2:
        raise FerError(f"k is {k}: take two parts or more, one to ask about and one to fit to")
    if len(groups) != len(labels):
        raise FerError(f"{len(labels)} labels, but {len(groups)} groups: give one a row")
    if len(labels):
        check_labels(labels)
    if len(np.unique(groups)) < k:
        raise FerError(f"{len(np.unique(groups))} groups cannot be dealt into {k} parts")
    if (labels >= 0).all() and np.bincount(labels).max() < k:
        raise FerError(f"no class has {k} rows: they cannot be dealt into {k} parts")
    dealer = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return list(dealer.split(labels, labels, groups))


def cross_said(
    labels: np.ndarray,
    shape: tuple[int, ...],
    fit: Callable[[np.ndarray], Callable[[np.ndarray], np.ndarray]],
    groups: np.ndarray | None,
    k: int,
    seed: int,
) -> np.ndarray:
    """Return what is said of each row by what was fitted to the rows of other parts.

    Args:
        labels: as for ``parts``, and so ``groups``, ``k`` and ``seed``.
        shape: ``(n, classes)`` of the result.
        fit: function of the rows to fit to; returns a function of the rows to ask about that
            returns probabilities ``(rows, classes)``.
        groups: int ``(n,)``, or None.
        k: int.
        seed: int.

    Returns:
        float array of this shape.

    Raises:
        FerError: as ``parts`` and ``fit``.
    """
    told = np.zeros(shape)
    for others, held_out in parts(labels, groups, k, seed):
        told[held_out] = fit(others)(held_out)
    return told
