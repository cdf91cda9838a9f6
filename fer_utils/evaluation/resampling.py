"""Errors by resampling: how far a score moves when other rows, or persons, are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.scores import accuracy, check

if TYPE_CHECKING:
    import pandas as pd


def bootstrap(
    labels: np.ndarray,
    probabilities: np.ndarray,
    metric: Callable[[np.ndarray, np.ndarray], float | Sequence[float]],
    groups: np.ndarray | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Return a score's values on resampled rows; their standard deviation is its error.

    Rows are drawn with replacement, as many as there are. Rows of one person are no
    independent examples: with ``groups``, whole groups are drawn. One seed draws the same rows
    for every model, so the difference of two models' values is a paired one.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``.
        metric: function ``(labels, probabilities)`` that returns a float, as ``macro_f1``, or
            several.
        groups: int ``(n,)``, what is drawn as a whole; None to draw single rows.
        draws: int.
        seed: int.

    Returns:
        float ``(draws,)``, or ``(draws, several)``; NaN where the metric is not defined on what
        was drawn.

    Raises:
        FerError: as ``score``; groups of another length.

    Example:
        >>> values = bootstrap(labels, probabilities, macro_f1, groups=persons)
        >>> values.std(), np.quantile(values, [0.025, 0.975])
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    check(labels, probabilities)
    groups = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if len(groups) != len(labels):
        raise FerError(f"{len(labels)} labels, but {len(groups)} groups")
    kinds, member = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        times = np.bincount(rng.integers(len(kinds), size=len(kinds)), minlength=len(kinds))
        rows = np.repeat(np.arange(len(labels)), times[member])
        values.append(metric(labels[rows], probabilities[rows]))
    return np.array(values, np.float64)


def compare(
    labels: np.ndarray, answers: Mapping[str, np.ndarray], groups: np.ndarray | None = None
) -> pd.DataFrame:
    """Return the accuracies of models on the same rows, and what each gains over the first.

    Errors are bootstrapped, see ``bootstrap``; a gain's is that of the paired difference.

    Args:
        labels: int ``(n,)``, none below 0.
        answers: dict of name to probabilities, float ``(n, classes)``.
        groups: int ``(n,)``, for example persons; None for single rows.

    Returns:
        DataFrame, a row a model: ``accuracy``, ``error``, ``gain``, ``gain_error``, ``n``.
    """
    import pandas as pd

    shares = pd.Series({name: accuracy(labels, p) for name, p in answers.items()})
    drawn = pd.DataFrame(
        {name: bootstrap(labels, p, accuracy, groups) for name, p in answers.items()}
    )
    gains = drawn.sub(drawn.iloc[:, 0], axis=0)
    columns = {"accuracy": shares, "error": drawn.std(), "gain": shares - shares.iloc[0]}
    return pd.DataFrame({**columns, "gain_error": gains.std(), "n": len(labels)})
