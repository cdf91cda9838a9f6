"""Every figure of the suite. Each takes the axes to draw on and returns what it drew on."""

from fer_utils.plots.augmentation import contact_sheet, draws, estimates, told_and_true
from fer_utils.plots.canvas import ACCENT, COLOURS, INK
from fer_utils.plots.data import brightness_contrast, class_shares, embedding
from fer_utils.plots.evaluation import confusion, reliability, robustness
from fer_utils.plots.explanations import attention, fading, heat_maps
from fer_utils.plots.expressions import expression
from fer_utils.plots.images import faces, mean_faces, sample_faces
from fer_utils.plots.scores import learning_curves, per_class, predicted_shares, trade_off
from fer_utils.plots.search import (
    importance,
    parallel_coordinates,
    search_curves,
    search_history,
)
from fer_utils.plots.sequences import filmstrips, unfolding

__all__ = [
    "ACCENT",
    "COLOURS",
    "INK",
    "attention",
    "brightness_contrast",
    "class_shares",
    "confusion",
    "contact_sheet",
    "draws",
    "embedding",
    "estimates",
    "expression",
    "faces",
    "fading",
    "filmstrips",
    "heat_maps",
    "importance",
    "learning_curves",
    "mean_faces",
    "parallel_coordinates",
    "per_class",
    "predicted_shares",
    "reliability",
    "robustness",
    "sample_faces",
    "search_curves",
    "search_history",
    "told_and_true",
    "trade_off",
    "unfolding",
]
