"""Whether a model is right as often as it says, and a temperature that mends it.

Guo et al. 2017, "On Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.dealing import cross_said
from fer_utils.evaluation.scores import checked

if TYPE_CHECKING:
    import pandas as pd

_TINY = 1e-7  # what a probability is at least before its logarithm is taken
_COLDEST, _HOTTEST = 0.05, 20.0  # temperatures that are tried


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> pd.DataFrame:
    """Return how often a model is right where it says that it is so sure: a reliability diagram.

    Args:
        labels: int ``(n,)``, none below 0.
        probabilities: float ``(n, classes)``, rows that sum to 1.
        bins: int, into how many of equal width the confidences 0-1 are sorted.

    Returns:
        DataFrame, a row a bin that is not empty, index its upper end: ``confidence`` (mean
        probability of the answer), ``accuracy`` and ``rows``.

    Raises:
        FerError: as ``measures``; fewer bins than one.
    """
    import pandas as pd

    labels, probabilities = checked(labels, probabilities)
    if bins < 1:
        raise FerError(f"{bins} bins: take at least one, 15 are usual")
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    up_to = np.ceil(confidence * bins) / bins
    table = pd.DataFrame({"confidence": confidence, "accuracy": right, "rows": 1})
    told = {"confidence": "mean", "accuracy": "mean", "rows": "sum"}
    return table.groupby(pd.Index(up_to, name="up to")).agg(told)


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error: how far confidence and accuracy are apart.

    The mean over rows of the distance in each row's bin of ``reliability``, 0 for a model that is
    right as often as it says. With few rows it is above 0 by chance: a bin's accuracy has an
    error of its own.

    Args:
        labels: as for ``reliability``, and so ``probabilities`` and ``bins``.
        probabilities: float ``(n, classes)``.
        bins: int.

    Returns:
        float, 0-1.
    """
    table = reliability(labels, probabilities, bins)
    apart = (table["confidence"] - table["accuracy"]).abs()
    return float(np.average(apart, weights=table["rows"]))


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities whose logits are divided by a temperature.

    Above 1 a model says less surely what it says; the order of the classes stays, and so the
    answer. Probabilities below 1e-7 count as 1e-7, whose logarithm is finite: 1 changes nothing
    but these.

    Args:
        probabilities: float ``(n, classes)``.
        temperature: float above 0.

    Returns:
        float ``(n, classes)``, rows that sum to 1.

    Raises:
        FerError: a temperature that is not above 0.
    """
    from scipy.special import softmax

    if not temperature > 0:
        raise FerError(f"temperature {temperature:g}: it must be above 0, 1 is as they are")
    return softmax(_log(np.asarray(probabilities, np.float64)) / temperature, axis=1)


def temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature of least log loss.

    Args:
        labels: int ``(n,)``, none below 0, of rows that the model did not fit.
        probabilities: float ``(n, classes)``, rows that sum to 1.

    Returns:
        float, from 0.05 to 20; 1 where nothing is to mend, above where the model is too sure.

    Raises:
        FerError: as ``measures``; fewer than two rows.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    labels, probabilities = checked(labels, probabilities)
    if len(labels) < 2:
        raise FerError("a temperature is fitted to many rows: there is one")
    logs, rows = _log(probabilities), np.arange(len(labels))

    def loss(power):
        return -log_softmax(logs / math.exp(power), axis=1)[rows, labels].mean()

    limits = math.log(_COLDEST), math.log(_HOTTEST)
    return math.exp(minimize_scalar(loss, bounds=limits).x)


def cross_tempered(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray | None = None,
    k: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """Return probabilities at temperatures that never saw the row's label, nor its group's.

    Args:
        labels: int ``(n,)``, none below 0, of rows that the model did not fit.
        probabilities: float ``(n, classes)``, rows that sum to 1.
        groups: int ``(n,)``, persons or identical pixels; None for single rows.
        k: int, in how many parts the rows are dealt.
        seed: int.

    Returns:
        float ``(n, classes)``.

    Raises:
        FerError: as ``temperature`` and ``parts``.
    """
    labels, probabilities = checked(labels, probabilities)

    def fitted(others):
        found = temperature(labels[others], probabilities[others])
        return lambda rows: tempered(probabilities[rows], found)

    return cross_said(labels, probabilities.shape, fitted, groups, k, seed)


def calibration(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray | None = None,
    bins: int = 15,
    seed: int = 0,
) -> dict[str, float]:
    """Return how well a model knows how sure it may be, before and after a temperature.

    Args:
        labels: int ``(n,)``, none below 0, of rows that the model did not fit.
        probabilities: float ``(n, classes)``, rows that sum to 1.
        groups: int ``(n,)``, persons or identical pixels; None for single rows.
        bins: int, see ``reliability``.
        seed: int, of the parts.

    Returns:
        dict of floats: ``error`` (expected calibration error), ``temperature`` (fitted to all
        rows), ``error_after`` (cross-fitted, see ``cross_tempered``), ``chance`` (the error that
        so many rows show by chance, were the tempered probabilities just right) and ``n``.

    Raises:
        FerError: as ``cross_tempered``.
    """
    crossed = cross_tempered(labels, probabilities, groups, seed=seed)
    return {
        "error": calibration_error(labels, probabilities, bins),
        "temperature": temperature(labels, probabilities),
        "error_after": calibration_error(labels, crossed, bins),
        "chance": _by_chance(crossed, bins, seed),
        "n": len(labels),
    }


def _by_chance(probabilities, bins, seed, draws=30):
    """Return the mean calibration error where labels are drawn from the probabilities."""
    rng, up_to = np.random.default_rng(seed), probabilities.cumsum(axis=1)
    last = probabilities.shape[1] - 1
    drawn = [(rng.random((len(up_to), 1)) > up_to[:, :last]).sum(axis=1) for _ in range(draws)]
    return float(np.mean([calibration_error(labels, probabilities, bins) for labels in drawn]))


def _log(probabilities):
    return np.log(np.maximum(probabilities, _TINY))
