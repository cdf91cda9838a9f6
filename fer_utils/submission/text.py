"""Reads the files that were written, line by line."""

from pathlib import Path

from fer_utils import reading
from fer_utils.errors import FerError

_AGAIN = "write the submission again"


def read_lines(path):
    """Return the lines of a UTF-8 text file.

    Raises:
        FerError: it is missing, or no text.
    """
    # Not splitlines: Kaggle takes neither a form feed nor U+2028 for the end of a line.
    told = _text(path)
    return told.removesuffix("\n").split("\n") if told else []


def read_rows(path):
    """Return ``(line, cells)`` of each row of a CSV.

    Raises:
        FerError: it is missing, no text, or a row goes over several lines.
    """
    return reading.table(path, _AGAIN, _text(path))


def _text(path):
    if not Path(path).exists():
        raise FerError(f"{path} is missing: run notebook 18_write_submission")
    return reading.text(path, _AGAIN)
