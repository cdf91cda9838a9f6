"""How sure a share is that few pictures give: Wilson's interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95% interval ``(low, high)`` of a share; it is not empty where all are right.

    Args:
        right: int.
        n: int above 0.

    Example:
        >>> wilson(3, 3)
        (0.438..., 1.0)
    """
    from scipy.stats import binomtest

    interval = binomtest(int(right), int(n)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def with_intervals(told: pd.DataFrame) -> pd.DataFrame:
    """Return ``by_truth``'s table with 95% intervals in place of standard errors, for reading."""
    pairs = zip(told["right"], told["pictures"], strict=True)
    intervals = ["{:.2f}-{:.2f}".format(*wilson(right, n)) for right, n in pairs]
    made = told.rename(columns={"error": "95% interval"})
    made["95% interval"] = intervals
    return made
