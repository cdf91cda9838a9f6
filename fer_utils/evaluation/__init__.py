"""Scores, mistakes, calibration, robustness; the withheld labels are read here alone."""

from fer_utils.evaluation.calibrating import (
    calibration,
    calibration_error,
    cross_tempered,
    reliability,
    temperature,
    tempered,
)
from fer_utils.evaluation.claims import check_claims
from fer_utils.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from fer_utils.evaluation.dealing import cross_said, parts
from fer_utils.evaluation.measures import by_class, intervals, measures
from fer_utils.evaluation.mistakes import (
    by_look,
    by_part,
    confusion,
    doubted,
    largest_confusions,
    second_opinion,
    surest_mistakes,
    thirds,
)
from fer_utils.evaluation.pairs import mcnemar, mcnemar_table
from fer_utils.evaluation.predictions import evaluate, evaluate_final, twins_in_train
from fer_utils.evaluation.resampling import bootstrap, compare
from fer_utils.evaluation.robustness import corruption_errors, robustness
from fer_utils.evaluation.scores import (
    accuracy,
    answer_shares,
    macro_f1,
    of_class,
    recall,
    score,
)
from fer_utils.evaluation.side_by_side import (
    asked_about,
    compare_predictions,
    labelled,
    recalls,
    restrict,
    scores_table,
    versions,
)

__all__ = [
    "CORRUPTIONS",
    "STRENGTHS",
    "accuracy",
    "answer_shares",
    "asked_about",
    "bootstrap",
    "by_class",
    "by_look",
    "by_part",
    "calibration",
    "calibration_error",
    "check_claims",
    "compare",
    "compare_predictions",
    "confusion",
    "corrupt",
    "corruption_errors",
    "cross_said",
    "cross_tempered",
    "doubted",
    "evaluate",
    "evaluate_final",
    "intervals",
    "labelled",
    "largest_confusions",
    "macro_f1",
    "mcnemar",
    "mcnemar_table",
    "measures",
    "of_class",
    "parts",
    "recall",
    "recalls",
    "reliability",
    "restrict",
    "robustness",
    "score",
    "scores_table",
    "second_opinion",
    "surest_mistakes",
    "temperature",
    "tempered",
    "thirds",
    "twins_in_train",
    "versions",
]
