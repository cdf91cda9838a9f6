"""Searches for hyper-parameters: spaces, studies that survive, what pruning saves.

A ``Space`` says what may be chosen and what network and recipe a choice stands for; an
``Objective`` trains one on a part of Training and judges it on another; ``open_study`` and
``search`` try as many as asked, in one process or several, and go on where a kill stopped them.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # in a notebook, that progress bars lack a widget
    import optuna  # noqa: F401

from fer_utils.tuning.modern_space import modern_space
from fer_utils.tuning.objective import Objective
from fer_utils.tuning.savings import compare, epochs_until, replay, savings
from fer_utils.tuning.searching import search
from fer_utils.tuning.seed002_space import seed002_space
from fer_utils.tuning.space import Space
from fer_utils.tuning.studies import open_study
from fer_utils.tuning.tables import best_values, curves, importance, trials

__all__ = [
    "Objective",
    "Space",
    "best_values",
    "compare",
    "curves",
    "epochs_until",
    "importance",
    "modern_space",
    "open_study",
    "replay",
    "savings",
    "search",
    "seed002_space",
    "trials",
]
