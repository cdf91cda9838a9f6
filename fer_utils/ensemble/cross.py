"""What a fitted combination is worth on rows that it was not fitted on."""

import numpy as np

from fer_utils.ensemble.combining import fit
from fer_utils.evaluation import cross_said


def cross_fitted(
    method: str,
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray | None = None,
    k: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """Return probabilities of a combination that never saw the row's label, nor its group's.

    Args:
        method: as for ``fit``.
        probabilities: float ``(members, n, classes)``.
        labels: int ``(n,)``, none below 0.
        groups: int ``(n,)``, persons or identical pixels; None for single rows.
        k: int, in how many parts the rows are dealt.
        seed: int.

    Returns:
        float ``(n, classes)``.

    Raises:
        FerError: as ``fit``; fewer groups, or rows of the commonest class, than parts.
    """
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)

    def fitted(others):
        combination = fit(method, probabilities[:, others], labels[others], seed)
        return lambda rows: combination(probabilities[:, rows])

    return cross_said(labels, probabilities.shape[1:], fitted, groups, k, seed)
