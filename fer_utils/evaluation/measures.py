"""All usual scores of one model, each with an interval, over all classes and for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.resampling import bootstrap
from fer_utils.evaluation.scores import check, checked

if TYPE_CHECKING:
    import pandas as pd


def measures(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the usual scores of predictions whose labels are known.

    Means over classes are over those that occur among the labels: what a model says of others
    costs its row, not a class of its own.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``, rows that sum to 1.

    Returns:
        dict of floats: ``accuracy``, ``balanced_accuracy`` (mean recall of the classes),
        ``macro_f1``, ``weighted_f1`` (weighted by the rows of each class), ``top_2`` (share of
        rows whose label is among the two most probable classes; of equals the first counts, as
        it does for the answer), ``log_loss`` (natural logarithm, lower is better).

    Raises:
        FerError: there are no rows, lengths differ, a label is unknown, a probability NaN, or
            rows are no probabilities.
    """
    labels, probabilities = checked(labels, probabilities)
    first_two = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    answers, classes = first_two[:, 0], probabilities.shape[1]
    # Counted here: scikit-learn takes 10 ms for it, and intervals ask 500 times.
    right, rows, answered = (
        np.bincount(of, minlength=classes) for of in (labels[answers == labels], labels, answers)
    )
    recall, f1 = right / np.maximum(rows, 1), 2 * right / np.maximum(rows + answered, 1)
    occurs, own = rows > 0, probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float((answers == labels).mean()),
        "balanced_accuracy": float(recall[occurs].mean()),
        "macro_f1": float(f1[occurs].mean()),
        "weighted_f1": float(np.average(f1, weights=rows)),
        "top_2": float((first_two == labels[:, None]).any(axis=1).mean()),
        "log_loss": float(-np.log(np.maximum(own, np.finfo(float).eps)).mean()),
    }


def intervals(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray | None = None,
    draws: int = 500,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the scores of ``measures``, each with an interval by resampling.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``, rows that sum to 1.
        groups: int ``(n,)``, what is drawn as a whole, see ``bootstrap``; None for single rows.
        draws: int.
        seed: int.
        level: share of the draws that lie within the interval, between 0 and 1.

    Returns:
        DataFrame, a row a measure: ``value``, ``low`` and ``high``.

    Raises:
        FerError: as ``measures``; a single row or group, which nothing can be drawn from.
    """
    import pandas as pd

    labels, probabilities = checked(labels, probabilities)
    drawn_from = len(labels) if groups is None else len(np.unique(groups))
    if drawn_from < 2:
        raise FerError("an interval needs two rows, or groups of rows, to draw from: there is one")

    def values(labels, probabilities):
        return [*measures(labels, probabilities).values()]

    found = measures(labels, probabilities)
    drawn = bootstrap(labels, probabilities, values, groups, draws, seed)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame({"value": found, "low": dict(zip(found, low, strict=True)),
                         "high": dict(zip(found, high, strict=True))})  # fmt: skip


def by_class(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """Return how well each class is found.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        classes: tuple of class names.

    Returns:
        DataFrame, a row a class: ``rows`` (how many are of it), ``recall`` (NaN where it does not
        occur), ``precision`` (NaN where it is never answered), ``f1`` (NaN where it does not
        occur).

    Raises:
        FerError: as ``score``; another number of classes than columns.
    """
    import pandas as pd
    from sklearn import metrics

    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    check(labels, probabilities)
    check_names(probabilities, classes)
    answers, numbers = probabilities.argmax(axis=1), np.arange(len(classes))
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(
        labels, answers, labels=numbers, zero_division=np.nan
    )
    f1 = np.where(rows > 0, np.nan_to_num(f1), np.nan)
    columns = {"rows": rows, "recall": recall, "precision": precision, "f1": f1}
    return pd.DataFrame(columns, index=list(classes))


def check_names(probabilities, classes):
    """Raise FerError unless there is a name for each column."""
    if len(classes) != probabilities.shape[1]:
        raise FerError(
            f"{len(classes)} class names, but {probabilities.shape[1]} columns of probabilities"
        )
