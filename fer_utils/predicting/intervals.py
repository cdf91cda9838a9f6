"""How sure a share is that few pictures give: Wilson's interval."""

import math

_Z = 1.96  # 95% of a normal distribution lie that many standard errors around its middle


def wilson(right, n):
    """Return the 95% interval ``(low, high)`` of a share; it is not empty where all are right.

    Args:
        right: int.
        n: int above 0.

    Example:
        >>> wilson(3, 3)
        (0.438..., 1.0)
    """
    share, weight = right / n, _Z**2 / n
    middle = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def with_intervals(told):
    """Return ``by_truth``'s table with 95% intervals in place of standard errors, for reading."""
    pairs = zip(told["right"], told["pictures"], strict=True)
    intervals = ["{:.2f}-{:.2f}".format(*wilson(right, n)) for right, n in pairs]
    made = told.rename(columns={"error": "95% interval"})
    made["95% interval"] = intervals
    return made
