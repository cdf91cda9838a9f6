"""Ways to make one answer of many: the plain mean, fitted weights, greedy choice, stacking."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from fer_utils.errors import FerError

TINY = 1e-7  # what a probability is at least before its logarithm is taken


@dataclasses.dataclass(frozen=True)
class Combination:
    """A way to combine members, fitted or not.

    Attributes:
        method: its name in ``METHODS``.
        combine: function of probabilities ``(members, n, classes)``, returns ``(n, classes)``.
        weights: float ``(members,)`` that sum to 1 where it is a weighted mean, else None.
    """

    method: str
    combine: Callable[[np.ndarray], np.ndarray]
    weights: np.ndarray | None = None

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Return float ``(n, classes)``, rows that sum to 1."""
        return self.combine(np.asarray(probabilities))


def average(probabilities: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the mean of the members in log space: the normalised geometric mean.

    It lets a member that is sure that a class is not there say so, where the arithmetic mean
    is led by those who are sure that one is.

    Args:
        probabilities: float ``(members, n, classes)``.
        weights: float ``(members,)``, none negative, sum 1; None for equal ones.

    Returns:
        float ``(n, classes)``, rows that sum to 1.

    Raises:
        FerError: weights of another number, negative, or that do not sum to 1; NaN.
    """
    probabilities = _checked(probabilities)
    if weights is None:
        weights = np.full(len(probabilities), 1 / len(probabilities))
    weights = _checked_weights(weights, len(probabilities))
    return _softmax(np.tensordot(weights, _log(probabilities), axes=1))


def fit(method: str, probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> Combination:
    """Return the Combination that a method makes of members and known labels.

    Labels must be of rows that no member fitted. Report it by ``cross_fitted`` alone.

    Args:
        method: one of ``METHODS``: ``average`` (fits nothing), ``weights`` (of least log loss),
            ``greedy`` (Caruana et al. 2004: members added one by one, also twice, while the
            log loss falls), ``stacking`` (multinomial logistic regression on log probabilities),
            ``thresholds`` (the plain mean, each class times a factor for the best macro F1).
        probabilities: float ``(members, n, classes)``.
        labels: int ``(n,)``, none below 0.
        seed: int, of the folds in which ``stacking`` chooses its penalty.

    Raises:
        FerError: an unknown method; nothing to fit on; labels of another length, or unknown.
    """
    if method not in METHODS:
        raise FerError(f"there is no method '{method}': take one of {', '.join(METHODS)}")
    probabilities, labels = _checked(probabilities), np.asarray(labels)
    if len(labels) != probabilities.shape[1]:
        raise FerError(f"{len(labels)} labels, but {probabilities.shape[1]} rows of probabilities")
    if not len(labels) or (labels < 0).any():
        raise FerError("a combination is fitted on known labels: give the rows that have one")
    return METHODS[method](probabilities, labels, seed)


def _average(probabilities, labels, seed):
    equal = np.full(len(probabilities), 1 / len(probabilities))
    return Combination("average", average, equal)


def _weighted(method, weights):
    return Combination(method, lambda said: average(said, weights), weights)


def _weights(probabilities, labels, seed):
    from scipy.optimize import minimize

    logs = _log(probabilities)

    def loss(free):
        weights = _softmax(free)
        said = _softmax(np.tensordot(weights, logs, axes=1))
        true = said[np.arange(len(labels)), labels]
        # d loss / d weight = mean over rows of (expected log - log of the true class).
        expected = (said * logs).sum(axis=2).mean(axis=1)
        told = logs[:, np.arange(len(labels)), labels].mean(axis=1)
        slope = expected - told
        return -np.log(np.maximum(true, TINY)).mean(), weights * (slope - weights @ slope)

    found = minimize(loss, np.zeros(len(probabilities)), jac=True, method="L-BFGS-B")
    return _weighted("weights", _softmax(found.x))


def _greedy(probabilities, labels, seed):
    logs, counts = _log(probabilities), np.zeros(len(probabilities), int)
    rows, best, total = np.arange(len(labels)), np.inf, 0.0
    for size in range(1, 10 * len(probabilities) + 1):
        said = _softmax((total + logs) / size)
        losses = -np.log(np.maximum(said[:, rows, labels], TINY)).mean(axis=1)
        chosen = int(losses.argmin())
        if losses[chosen] > best - 1e-5:
            break
        best, total = losses[chosen], total + logs[chosen]
        counts[chosen] += 1
    return _weighted("greedy", counts / counts.sum())


def _stacking(probabilities, labels, seed):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    features = _features(probabilities)
    present, counts = np.unique(labels, return_counts=True)
    folds = min(3, counts.min())
    if len(present) < 2 or folds < 2:
        rare = present[counts.argmin()]
        raise FerError(
            f"stacking needs two classes and two rows of each: {len(present)} occur, class {rare} "
            f"has {counts.min()}"
        )
    model = GridSearchCV(
        LogisticRegression(max_iter=1000),
        {"C": [1e-3, 1e-2, 1e-1]},
        scoring="neg_log_loss",
        cv=StratifiedKFold(folds, shuffle=True, random_state=seed),
    ).fit(features, labels)
    classes = probabilities.shape[2]

    def combine(said):
        told = np.zeros((said.shape[1], classes))
        told[:, model.classes_] = model.predict_proba(_features(_checked(said)))
        return told

    return Combination("stacking", combine)


def _thresholds(probabilities, labels, seed):
    from fer_utils.evaluation import macro_f1

    said, classes = average(probabilities), probabilities.shape[2]
    factors, best = np.ones(classes), macro_f1(labels, said)
    for _ in range(3):  # rounds over the classes; few change in the third
        for one in range(classes):
            for factor in np.geomspace(0.5, 2, 13):
                tried = factors.copy()
                tried[one] = factor
                found = macro_f1(labels, said * tried)
                if found > best:
                    best, factors = found, tried

    def combine(said):
        moved = average(said) * factors
        return moved / moved.sum(axis=1, keepdims=True)

    return Combination("thresholds", combine)


METHODS = {
    "average": _average,
    "weights": _weights,
    "greedy": _greedy,
    "stacking": _stacking,
    "thresholds": _thresholds,
}


def _features(probabilities):
    logs = _log(probabilities)
    return np.concatenate(list(logs - logs.mean(axis=2, keepdims=True)), axis=1)


def _log(probabilities):
    return np.log(np.maximum(probabilities, TINY))


def _softmax(values):
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _checked(probabilities):
    probabilities = np.asarray(probabilities, np.float64)
    if probabilities.ndim != 3 or not len(probabilities):
        raise FerError("members are an array (members, rows, classes) with at least one member")
    if not np.isfinite(probabilities).all():
        member = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=(1, 2)))[0])
        raise FerError(f"member {member} has NaN: leave it out, see load_members")
    return probabilities


def _checked_weights(weights, members):
    weights = np.asarray(weights, np.float64)
    if weights.shape != (members,):
        raise FerError(f"{weights.size} weights for {members} members")
    if (weights < 0).any() or not np.isclose(weights.sum(), 1, atol=1e-4):
        raise FerError(
            f"weights must not be negative and sum to 1, these sum to {weights.sum():.4f}"
        )
    return weights
