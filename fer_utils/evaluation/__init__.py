"""Scores with their standard error; the withheld labels are read here and nowhere else."""

from fer_utils.evaluation.claims import check_claims
from fer_utils.evaluation.predictions import evaluate, evaluate_final, twins_in_train
from fer_utils.evaluation.resampling import bootstrap, compare
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
    "accuracy",
    "answer_shares",
    "asked_about",
    "bootstrap",
    "check_claims",
    "compare",
    "compare_predictions",
    "evaluate",
    "evaluate_final",
    "labelled",
    "macro_f1",
    "of_class",
    "recall",
    "recalls",
    "restrict",
    "score",
    "scores_table",
    "twins_in_train",
    "versions",
]
