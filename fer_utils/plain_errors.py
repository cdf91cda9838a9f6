"""What a command says when something goes wrong: one line for what the user can mend."""

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from fer_utils.errors import FerError

_REFUSED = {errno.EACCES, errno.EPERM}
_NO_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, *_REFUSED}


def plain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Put what the user can mend in one line, with exit code 2; bugs keep their traceback."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        try:
            result = command(*args, **kwargs)
            sys.stdout.flush()  # else a full disk shows only after this function
            return result
        except FerError as error:
            _stop(error)
        except KeyboardInterrupt:
            typer.echo("\nstopped; the same command continues", err=True)
            raise typer.Exit(130) from None
        except OSError as error:
            if error.errno not in _NO_PLACE:
                raise
            _stop(_words(error))

    return wrapped


def _words(error):
    from fer_utils import runs

    path = str(error.filename or "a file")
    if error.errno in _REFUSED and _unreadable(path):
        return f"cannot read {path}: {error.strerror}: change its permissions, or choose another"
    return runs.writing_error(path, error)


def _unreadable(path):
    if os.path.exists(path):
        return not os.access(path, os.R_OK)
    return not os.access(os.path.dirname(path) or ".", os.X_OK)  # cannot even be looked for


def _stop(error):
    try:
        sys.stdout.flush()
    except OSError:
        # What could not be printed is dropped: Python would try, and fail, once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(2) from None
