"""Reads the files that were written, line by line."""

from pathlib import Path

from fer_utils.errors import FerError


def read_lines(path):
    """Return the lines of a UTF-8 text file.

    Raises:
        FerError: it is missing, or no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise FerError(f"{path} is missing: run notebook 18_write_submission") from error
    except UnicodeDecodeError as error:
        raise FerError(f"{path} is not a text file: write the submission again") from error
