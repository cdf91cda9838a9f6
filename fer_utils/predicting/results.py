"""The files that a call gives: copies, tables, contact sheets; those of an earlier one go."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_utils import runs
from fer_utils.datasets.images import encoded
from fer_utils.predicting import sheet, table, truth
from fer_utils.predicting.drawing import annotated
from fer_utils.predicting.names import annotated_name, sheet_name

TABLE = "predictions.json"
TRUTH = "truth.csv"


def write_copy(out, shot, faces, two, none):
    """Write a picture's annotated copy.

    Args:
        out: Path of the folder.
        shot: Shot.
        faces: list of Expression.
        two: write seed 001's sentence.
        none: str, what is written where there are no faces.
    """
    with runs.whole_file(out / annotated_name(shot.item.name, shot.seconds)) as part:
        copy = annotated(shot.photo, faces, two, none)
        part.write_bytes(encoded(copy, "JPEG", quality=88))


def write(out, rows, classes):
    """Write the tables and the contact sheets; remove what an earlier call left beside them.

    Args:
        out: Path of the folder.
        rows: list of dict, see ``table.rows_of``.
        classes: tuple of class names.
    """
    told = truth.by_truth(rows, classes)
    _remove(out, _of_earlier(out) - _names(rows))
    write_table(out / "predictions.csv", rows, classes)
    runs.write_json(out / TABLE, rows)
    if told is not None:
        with runs.whole_file(out / TRUTH) as part:
            told.to_csv(part)
    copies = [(_caption(*one), out / annotated_name(*one)) for one in _pictures(rows)]
    for i, page in enumerate(sheet.contact_sheets(copies), 1):
        with runs.whole_file(out / sheet_name(i)) as part:
            part.write_bytes(encoded(page, "JPEG", quality=88))


def write_table(
    path: str | Path, rows: Sequence[Mapping[str, Any]], classes: Sequence[str]
) -> None:
    """Write the table of rows as CSV, see ``table.frame``."""
    with runs.whole_file(path) as part:
        table.frame(rows, classes).to_csv(part, index=False)


def has_copy(out, row):
    """Return whether the annotated copy of a row's picture is there."""
    return (out / annotated_name(row["file"], row["seconds"])).is_file()


def _pictures(rows):
    return dict.fromkeys((row["file"], row["seconds"]) for row in rows if not row["error"])


def _names(rows):
    """Return the names of the files that rows give, the two tables aside."""
    pictures = _pictures(rows)
    sheets = range(1, math.ceil(len(pictures) / sheet.PICTURES) + 1)
    names = {annotated_name(*one) for one in pictures} | set(map(sheet_name, sheets))
    return names | ({TRUTH} if truth.answers(rows) else set())


def _of_earlier(out):
    """Return the names of what an earlier call wrote, by its own table: nobody else's files."""
    try:
        return _names(runs.read_json(out / TABLE, list) or [])
    except (AttributeError, KeyError, TypeError, ValueError):
        return set()  # another program's file of that name


def _remove(out, names):
    for name in names:
        runs.remove(out / name)


def _caption(file, seconds):
    return file if seconds is None else f"{file} at {seconds:.1f} s"
