"""What a search may choose from, and what a choice stands for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution, distribution_to_json

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from fer_utils.models.registry import Entry


@dataclasses.dataclass(frozen=True)
class Space:
    """A search space.

    Args:
        name: for people and for the study's identity.
        choices: dict of a hyper-parameter's name to its Optuna distribution.
        plan: function of a dict, one value for each name, that returns the ``models.Entry``
            they stand for: a network and its recipe.
    """

    name: str
    choices: dict[str, BaseDistribution]
    plan: Callable[[Mapping[str, Any]], Entry]

    @property
    def cells(self) -> float:
        """How many different choices there are: an int, or infinity where one is continuous."""
        return math.prod(_count(distribution) for distribution in self.choices.values())

    @property
    def identity(self) -> dict[str, str]:
        """A dict of strings that changes when the space does."""
        written = {name: distribution_to_json(d) for name, d in self.choices.items()}
        return {"space": self.name, **written}


def _count(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return len(distribution.choices)
    if distribution.step is None:
        return math.inf
    return round((distribution.high - distribution.low) / distribution.step) + 1
