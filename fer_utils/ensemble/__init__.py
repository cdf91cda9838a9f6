"""Several networks as one: members, ways to combine them, what each is worth, other views.

Members meet as the files of their runs; only ``views`` and ``soft_targets`` ask networks. What is
fitted here (weights, a stacked model, factors) is cross-fitted before it is reported: see
``cross_fitted``.
"""

from fer_utils.ensemble.combining import METHODS, Combination, average, fit
from fer_utils.ensemble.cross import cross_fitted
from fer_utils.ensemble.distillation import soft_targets
from fer_utils.ensemble.diversity import agreement, without_each
from fer_utils.ensemble.folder import write_combined
from fer_utils.ensemble.members import Members, load_members
from fer_utils.ensemble.views import VIEWS, predict_views, views

__all__ = [
    "METHODS",
    "VIEWS",
    "Combination",
    "Members",
    "agreement",
    "average",
    "cross_fitted",
    "fit",
    "load_members",
    "predict_views",
    "soft_targets",
    "views",
    "without_each",
    "write_combined",
]
