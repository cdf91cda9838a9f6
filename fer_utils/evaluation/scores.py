"""Scores of predictions whose labels are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError

if TYPE_CHECKING:
    import pandas as pd


def score(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the scores of predictions whose labels are known.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.

    Returns:
        dict of floats: ``accuracy``, ``standard_error`` (of the accuracy, binomial),
        ``macro_f1`` (over the classes that occur) and ``n``.

    Raises:
        FerError: there are no rows, lengths or shapes differ, a label is unknown or no whole
            number, a probability NaN, or rows are no probabilities: below 0, or another sum
            than 1.
    """
    labels, probabilities = checked(labels, probabilities)
    share = accuracy(labels, probabilities)
    return {
        "accuracy": share,
        "standard_error": math.sqrt(share * (1 - share) / len(labels)),
        "macro_f1": macro_f1(labels, probabilities),
        "n": len(labels),
    }


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the share of rows whose most probable class is the label.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
    """
    return float((np.asarray(probabilities).argmax(axis=1) == np.asarray(labels)).mean())


def macro_f1(
    labels: np.ndarray, probabilities: np.ndarray, among: Sequence[int] | np.ndarray | None = None
) -> float:
    """Return the mean F1 of the classes that occur: it counts rare ones as much as common ones.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        among: ints, the classes to take the mean of, all rows counted; None for all.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    classes, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    given = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[predicted == labels], minlength=classes)
    f1 = 2 * right / np.maximum(given + np.bincount(predicted, minlength=classes), 1)
    wanted = given > 0 if among is None else (given > 0) & np.isin(np.arange(classes), among)
    return float(f1[wanted].mean())


def answer_shares(predictions: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return float ``(classes,)``: the share of the rows that each class is the answer to."""
    probabilities = predictions["probabilities"]
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    return counts / len(probabilities)


def recall(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> pd.Series:
    """Return the recall of each class, 0-1, as a Series; NaN where a class does not occur."""
    import pandas as pd

    labels, predicted = np.asarray(labels), np.asarray(probabilities).argmax(axis=1)
    found = pd.Series(predicted == labels).groupby(labels).mean()
    return found.reindex(range(len(classes))).set_axis(classes)


def of_class(labels: np.ndarray, probabilities: np.ndarray, label: int) -> dict[str, float]:
    """Return how well one class is found.

    Args:
        labels: int ``(n,)``.
        probabilities: float ``(n, classes)``.
        label: int.

    Returns:
        dict: ``recall``, ``recall_error`` (binomial, of one more row found and one more missed,
        so that none found of a few is no certain zero), ``precision`` (NaN where the class is
        never answered), ``rows`` (how many are of the class).

    Raises:
        FerError: the class does not occur.
    """
    labels, predicted = np.asarray(labels), np.asarray(probabilities).argmax(axis=1)
    n, answered = int((labels == label).sum()), int((predicted == label).sum())
    if not n:
        raise FerError(f"no row has label {label}: it has no recall")
    found = int(((labels == label) & (predicted == label)).sum())
    guarded = (found + 1) / (n + 2)
    return {
        "recall": found / n,
        "recall_error": math.sqrt(guarded * (1 - guarded) / (n + 2)),
        "precision": found / answered if answered else math.nan,
        "rows": n,
    }


def check(labels, probabilities):
    """Raise FerError unless these can be scored."""
    if len(labels) == 0:
        raise FerError("nothing to score: there are no rows")
    check_labels(labels)
    if probabilities.ndim != 2:
        raise FerError(
            f"probabilities have the shape {probabilities.shape}: give (n, classes), "
            "a row for each label"
        )
    if len(labels) != len(probabilities):
        raise FerError(f"{len(labels)} labels, but {len(probabilities)} rows of probabilities")
    if (labels < 0).any():
        raise FerError(
            f"{(labels < 0).sum()} of {len(labels)} labels are unknown or withheld: give the rows "
            "that have one"
        )
    if labels.max() >= probabilities.shape[1]:
        row, classes = int(labels.argmax()), probabilities.shape[1]
        raise FerError(f"row {row}: label {labels[row]}, but there are {classes} classes, from 0")
    if np.isnan(probabilities).any():
        row = int(np.flatnonzero(np.isnan(probabilities).any(axis=1))[0])
        raise FerError(f"row {row}: a probability is NaN; was the training stable?")


def check_labels(labels):
    """Raise FerError unless these are class numbers, one a row."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise FerError(
            f"labels are {labels.dtype} {labels.shape}: give whole numbers (n,), the number of "
            "each row's class"
        )


def checked(labels, probabilities):
    """Return both as arrays, rows of float64 that sum to 1; raise FerError unless they can be."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    check(labels, probabilities)
    broken = (probabilities < 0).any(axis=1) | (np.abs(probabilities.sum(axis=1) - 1) > 1e-3)
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise FerError(
            f"{broken.sum()} of {len(broken)} rows are no probabilities, first row {row}: its "
            f"least is {probabilities[row].min():.4g}, its sum {probabilities[row].sum():.4g}; "
            "logits go through a softmax first"
        )
    # Rows of float32 sum to 1 but for rounding, of which scikit-learn warns.
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)
