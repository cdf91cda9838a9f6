"""How alike the members are, and what the ensemble loses without each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.ensemble.combining import average
from fer_utils.errors import FerError
from fer_utils.evaluation import accuracy, bootstrap

if TYPE_CHECKING:
    import pandas as pd

    from fer_utils.ensemble.members import Members


def agreement(members: Members) -> pd.DataFrame:
    """Return the share of rows to which two members give the same answer.

    Args:
        members: Members.

    Returns:
        DataFrame, a row and a column a member, ones on the diagonal.
    """
    import pandas as pd

    answers = members.probabilities.argmax(axis=2)
    shares = (answers[:, None] == answers[None]).mean(axis=2)
    return pd.DataFrame(shares, members.names, members.names)


def without_each(
    members: Members, labels: np.ndarray, groups: np.ndarray | None = None
) -> pd.DataFrame:
    """Return what the plain average loses without each member, with the error.

    Args:
        members: Members whose rows all have a label.
        labels: int ``(n,)``.
        groups: int ``(n,)``, what counts as one draw; None for single rows.

    Returns:
        DataFrame, a row a member: ``alone`` (its accuracy), ``gain`` (of the ensemble with it
        over the one without it), ``gain_error`` (bootstrapped, paired).

    Raises:
        FerError: there is one member only.
    """
    import pandas as pd

    if len(members.names) < 2:
        raise FerError("what a member adds is asked of at least two members")
    said = members.probabilities
    whole = average(said)
    drawn = bootstrap(labels, whole, accuracy, groups)
    rows = {}
    for i, name in enumerate(members.names):
        rest = average(np.delete(said, i, axis=0))
        rows[name] = {
            "alone": accuracy(labels, said[i]),
            "gain": accuracy(labels, whole) - accuracy(labels, rest),
            "gain_error": (drawn - bootstrap(labels, rest, accuracy, groups)).std(),
        }
    return pd.DataFrame(rows).T
