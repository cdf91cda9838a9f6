"""Two models on the same rows: where they differ, and whether that can be chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.scores import check

if TYPE_CHECKING:
    import pandas as pd


def mcnemar(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """Return where two models are right, and McNemar's exact test of their difference.

    Rows that both get right, or both wrong, say nothing of which is better. Of the others each
    model should win about half if they were equally good (McNemar 1947,
    https://doi.org/10.1007/BF02295996). Rows count as independent: identical images, or many of
    one person, make the p-value too small; ``compare`` draws whole groups.

    Args:
        labels: int ``(n,)``, none below 0.
        first: float ``(n, classes)``, the probabilities of a model.
        second: likewise, of another.

    Returns:
        dict: ``both right``, ``first alone``, ``second alone``, ``both wrong`` (rows), and ``p``,
        two-sided: how probable so unequal a division, or a more unequal one, is by chance; 1 where
        they never differ.

    Raises:
        FerError: as ``score``, for either.
    """
    from scipy.stats import binomtest

    labels, first, second = np.asarray(labels), np.asarray(first), np.asarray(second)
    for probabilities in (first, second):
        check(labels, probabilities)
    a, b = first.argmax(axis=1) == labels, second.argmax(axis=1) == labels
    alone = int((a & ~b).sum()), int((~a & b).sum())
    p = float(binomtest(alone[0], sum(alone)).pvalue) if sum(alone) else 1.0
    both = {"both right": int((a & b).sum()), "first alone": alone[0], "second alone": alone[1]}
    return {**both, "both wrong": int((~a & ~b).sum()), "p": p}


def mcnemar_table(labels: np.ndarray, answers: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return ``mcnemar`` of each pair of models.

    Args:
        labels: int ``(n,)``, none below 0.
        answers: dict of name to probabilities, float ``(n, classes)``.

    Returns:
        DataFrame, a row a pair, index ``(first, second)``; the least probable by chance first.

    Raises:
        FerError: fewer models than two; as ``mcnemar``.
    """
    import itertools

    import pandas as pd

    if len(answers) < 2:
        raise FerError(
            f"McNemar's test compares two models, given is {next(iter(answers), 'none')}: "
            "give two or more"
        )
    pairs = itertools.combinations(answers, 2)
    rows = {(a, b): mcnemar(labels, answers[a], answers[b]) for a, b in pairs}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = table.index.set_names(["first", "second"])
    return table.sort_values("p", kind="stable")
