"""What a notebook claims about its own results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def check_claims(claims: Mapping[str, bool], strict: bool) -> pd.Series:
    """Return which of a notebook's claims hold on the data at hand.

    The claims are written for the committed run; other images, another seed or another length of
    training may not bear them out, which is a result, not a failure.

    Args:
        claims: dict of sentence to bool.
        strict: whether a claim that does not hold is an error, as in the committed run.

    Returns:
        Series of ``yes`` or ``no``, index the sentences.

    Raises:
        AssertionError: a claim does not hold, and ``strict``.
    """
    import pandas as pd

    broken = [sentence for sentence, holds in claims.items() if not holds]
    if strict and broken:
        raise AssertionError(f"does not hold: {'; '.join(broken)}")
    verdicts = {sentence: "yes" if holds else "no" for sentence, holds in claims.items()}
    return pd.Series(verdicts, name="holds here")
