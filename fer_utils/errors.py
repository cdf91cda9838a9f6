"""The one exception for what a user can mend, and how a command says it."""

import sys
from collections.abc import Callable
from typing import Any


class FerError(Exception):
    """A problem with data, files or arguments that the user can put right.

    The message is one line that names what is wrong, where (file, row, cell) and what to
    do. The command line prints it without a traceback and exits with 2; bugs keep theirs.
    """


def exit_code(command: Callable[..., object], *arguments: Any) -> int:
    """Return the exit code of a command: 0, or 2 after one line that says what to mend.

    For the commands that run without typer, which ``cli`` needs.

    Args:
        command: function that raises FerError for what the user can put right.
        *arguments: what it takes.
    """
    try:
        command(*arguments)
    except FerError as error:
        return _said(f"error: {error}", 2)
    except ModuleNotFoundError as error:
        package = "scikit-learn" if error.name == "sklearn" else error.name
        return _said(f"error: {package} is needed here: pip install {package}", 2)
    except KeyboardInterrupt:
        return _said("\nstopped; the same command continues", 130)
    return 0


def _said(text, code):
    sys.stderr.write(f"{text}\n")
    return code
