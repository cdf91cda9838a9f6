"""Photographs, folders and videos through a Recognizer: tables, annotated copies, a sheet."""

from fer_utils.predicting.drawing import annotated
from fer_utils.predicting.folder import Options, predict
from fer_utils.predicting.intervals import wilson, with_intervals
from fer_utils.predicting.results import write_table
from fer_utils.predicting.sheet import contact_sheets
from fer_utils.predicting.table import frame, rows_of
from fer_utils.predicting.truth import TRUTHS, by_truth, truth_of

__all__ = ["TRUTHS", "Options", "annotated", "by_truth", "contact_sheets", "frame", "predict",
           "rows_of", "truth_of", "wilson", "with_intervals", "write_table"]  # fmt: skip
