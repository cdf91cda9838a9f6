"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

from fer_utils.training.cross import cross_validate
from fer_utils.training.examples import repeated
from fer_utils.training.fit import fit_or_restore
from fer_utils.training.folder import Fit
from fer_utils.training.precision import precision_for_device
from fer_utils.training.prediction import predict
from fer_utils.training.versions import provenance

__all__ = [
    "Fit",
    "cross_validate",
    "fit_or_restore",
    "precision_for_device",
    "predict",
    "provenance",
    "repeated",
]
