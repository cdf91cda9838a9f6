"""The files that Kaggle scores, their checks, and the ledger of what was submitted.

FER2013 wants the organisers' format (pylearn2's ``make_submission.py``): no header, one
integer a line, a line for each row of test.csv in its order. DATA622 wants a header
``Image,Emotion`` and a class name for each image.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import labels, runs
from fer_utils.errors import FerError
from fer_utils.submission.ledger import LEDGER_COLUMNS, read_ledger, record
from fer_utils.submission.text import read_lines, read_rows

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset
    from fer_utils.settings import Settings

__all__ = [
    "LEDGER_COLUMNS",
    "TEST_ROWS",
    "check_data622",
    "check_fer2013",
    "find_example",
    "folder",
    "read_ledger",
    "record",
    "test_rows",
    "verdict",
    "write_data622",
    "write_fer2013",
]
_HEADERS = ("emotion", "label")  # those that an example submission may have


TEST_ROWS = 7178  # of test.csv; Kaggle accepts a submission of that many lines


def folder(settings: Settings, rows: np.ndarray) -> Path:
    """Return where a submission belongs: the project's ``submissions/``, or the run's own folder.

    Only answers to the whole of FER2013's test.csv enter ``submissions/``, so that a trial on a
    part of it, or on synthetic faces, replaces nothing there.

    Args:
        settings: the Settings.
        rows: int ``(n,)`` from ``test_rows``.
    """
    return settings.submissions_dir if len(rows) == TEST_ROWS else settings.run_dir


def verdict(settings: Settings, rows: np.ndarray) -> str:
    """Return in words whether Kaggle would take a submission of these rows."""
    if settings.dataset != "fer2013":
        name = "synthetic faces" if settings.dataset == "synthetic" else settings.dataset
        return f"{name}, nothing to upload"
    if len(rows) != TEST_ROWS:
        return f"not to be uploaded, it answers {len(rows)} of test.csv's {TEST_ROWS} rows"
    return "to be uploaded"


def test_rows(dataset: Dataset) -> np.ndarray:
    """Return the Dataset rows, int64, that a FER2013 submission answers, in test.csv's order.

    test.csv holds PublicTest (``valid``), then PrivateTest (``test``).

    Raises:
        FerError: the data are not FER2013, or image folders, which do not say test.csv's order.
    """
    if dataset.name == "facial_expressions":
        raise FerError(
            "facial_expressions has no FER2013 rows to answer: write its submission with "
            "submission.write_data622"
        )
    if not all(name.isdecimal() for name in dataset.names.tolist()):
        raise FerError(
            "image folders do not say in which order test.csv has its rows, so no FER2013 "
            "submission can be written: give train.csv and test.csv instead"
        )
    return np.concatenate([dataset.rows("valid"), dataset.rows("test")])


def write_fer2013(
    path: str | Path,
    dataset: Dataset,
    predictions: Mapping[str, np.ndarray],
    half: str | None = None,
    example: str | Path | None = None,
) -> Path:
    """Write a FER2013 submission: no header, one integer 0-6 a line.

    Args:
        path: the CSV to write, whole or not at all.
        dataset: the Dataset with the rows of test.csv.
        predictions: dict with ``index`` (rows of the Dataset) and ``probabilities``.
        half: ``public`` to write the PublicTest half alone.
        example: path of ``example_submission.csv``. It is read for its format only: it has
            3,589 lines, a leftover of the public phase, where test.csv has 7,178 rows.

    Returns:
        Path of the file.

    Raises:
        FerError: a row of test.csv has no prediction, or two; more classes than seven; the
            example has another format than ours.
    """
    if half not in (None, "public"):
        raise FerError(f"no half {half!r}: there is 'public', or None for all rows")
    rows = test_rows(dataset)
    if half:
        rows = rows[dataset.split[rows] == "valid"]
    wanted = _labels_for(rows, predictions)
    header = _example_header(example) if example else None
    lines = ([header] if header else []) + [str(label) for label in wanted]
    runs.write_text(path, "\n".join(lines) + "\n")
    check_fer2013(path, len(rows))
    return Path(path)


def _labels_for(rows, predictions):
    """Return int ``(n,)``, the predicted label of each row, whatever order they came in."""
    index = np.asarray(predictions["index"])
    probabilities = np.asarray(predictions["probabilities"])
    expected = len(index), len(labels.FER2013)
    if probabilities.shape != expected:
        raise FerError(f"predictions have shape {probabilities.shape}: expected {expected}")
    if np.isnan(probabilities).any():
        raise FerError("predictions hold NaN: train the model again")
    unique, first, counts = np.unique(index, return_index=True, return_counts=True)
    if (counts > 1).any():
        raise FerError(f"row {unique[counts > 1][0]} is predicted more than once")
    missing = rows[~np.isin(rows, unique)]
    if missing.size:
        raise FerError(
            f"{len(missing)} of {len(rows)} test rows have no prediction, the first is row "
            f"{missing[0]}: predict every row of test.csv"
        )
    return probabilities[first[np.searchsorted(unique, rows)]].argmax(axis=1)


def find_example(root: str | Path | None) -> Path | None:
    """Return the path of Kaggle's ``example_submission.csv`` beside the data, None if absent."""
    if root is None:
        return None
    folder = Path(root) if Path(root).is_dir() else Path(root).parent
    path = folder / "example_submission.csv"
    return path if path.is_file() else None


def _example_header(path):
    """Return the header line of an example submission, None where it has none."""
    try:
        first = Path(path).read_text(encoding="utf-8-sig").split("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FerError(f"{path} cannot be read as text ({error}): leave it out") from error
    if first.isdigit():
        return None
    if first.lower() in _HEADERS:
        return first
    raise FerError(
        f"{path}, line 1: {first[:40]!r} is neither an integer nor the header 'emotion': "
        "is it the example of this competition?"
    )


def check_fer2013(path: str | Path, rows: int) -> np.ndarray:
    """Check a FER2013 submission.

    Args:
        path: the CSV.
        rows: how many rows test.csv has.

    Returns:
        int8 ``(rows,)``, the labels in the file.

    Raises:
        FerError: naming the line that does not fit, or the length.
    """
    lines = read_lines(path)
    start = int(bool(lines) and lines[0].lower() in _HEADERS)
    allowed = {str(label) for label in range(len(labels.FER2013))}
    for number, line in enumerate(lines[start:], start=start + 1):
        if line not in allowed:
            raise FerError(f"{path}, line {number}: {line[:40]!r} is not a label 0-6")
    if len(lines) - start != rows:
        raise FerError(f"{path} has {len(lines) - start} labels, but test.csv has {rows} rows")
    return np.array(lines[start:], np.int8)


def write_data622(path: str | Path, names: Sequence[str], predicted: Sequence[str]) -> Path:
    """Write a DATA622 submission: ``Image,Emotion``, class names in lower case.

    Args:
        path: the CSV to write, whole or not at all.
        names: file names of the test images, in any order; none twice.
        predicted: class names, one an image.

    Returns:
        Path of the file.

    Raises:
        FerError: lengths differ, a name comes twice, or a class is not one of the eight.
    """
    names = [Path(name).name for name in names]
    predicted = [labels.DATA622[labels.class_index(name, labels.DATA622)] for name in predicted]
    if len(names) != len(predicted):
        raise FerError(f"{len(names)} images, but {len(predicted)} predictions")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FerError(f"image {twice} comes more than once")
    with runs.whole_file(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("Image", "Emotion"), *zip(names, predicted, strict=True)])
    check_data622(path, names)
    return Path(path)


def check_data622(path: str | Path, names: Sequence[str]) -> dict[str, str]:
    """Check a DATA622 submission against the file names of the test images.

    Returns:
        dict of file name to class name.

    Raises:
        FerError: naming the line that does not fit, or the image that is missing.
    """
    rows = read_rows(path)
    if not rows or rows[0] != (1, ["Image", "Emotion"]):
        raise FerError(f"{path}, line 1: expected the header Image,Emotion")
    answers = {}
    for number, row in rows[1:]:
        if len(row) != 2 or row[1] not in labels.DATA622:
            raise FerError(
                f"{path}, line {number}: expected a file name and one of the 8 emotions"
            )
        if row[0] in answers:
            raise FerError(f"{path}, line {number}: {row[0]} comes more than once")
        answers[row[0]] = row[1]
    if set(answers) != set(names):
        odd = sorted(set(answers) ^ set(names))[0]
        raise FerError(f"{path}: {odd} is missing, or is not a test image")
    return answers
