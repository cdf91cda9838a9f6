"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

from fer_utils.training.cross import cross_validate
from fer_utils.training.examples import repeated
from fer_utils.training.fit import Fit, fit_or_restore, predict
from fer_utils.training.versions import provenance

__all__ = ["Fit", "cross_validate", "fit_or_restore", "predict", "provenance", "repeated"]
