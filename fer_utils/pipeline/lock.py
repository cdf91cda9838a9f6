"""One run at a time on a run folder."""

import contextlib
import json
import os
import time

from fer_utils import locks, runs
from fer_utils.errors import FerError

NAME = ".lock"  # of the file, in the folder
ORPHAN_SECONDS = 30  # how long a killed run's notebook may take to end


@contextlib.contextmanager
def held(run_dir, otherwise=", or choose another folder with --run"):
    """Hold the lock of a run folder.

    The system drops the lock with the process, however it ends. The kernel inherits the
    open file: after ``kill -9`` of the runner, the next run waits the second or so until the
    orphaned kernel has noticed and ended, so that two never write the same files.

    Args:
        run_dir: the folder; made if absent.
        otherwise: what else one may do than wait, for the message.

    Yields:
        int, the file descriptor that holds the lock.

    Raises:
        FerError: another process holds it, or the folder cannot be written.
    """
    path = run_dir / NAME
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        file = open(path, "ab+", buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise runs.writing_error(run_dir, error) from error
    with file:
        _acquire(file, run_dir, otherwise)
        _sign(file, path)
        yield file.fileno()


def _acquire(file, run_dir, otherwise):
    deadline = time.monotonic() + ORPHAN_SECONDS
    while not locks.taken(file.fileno()):
        holder = _holder(file)
        if (holder is not None and runs.alive(holder)) or time.monotonic() > deadline:
            raise FerError(f"{run_dir} {_why(holder, otherwise)}")
        time.sleep(0.2)


def _why(holder, otherwise):
    if holder is not None and not runs.alive(holder):
        killed = f"the killed run, process {holder},"
        return f"is in use: a notebook of {killed} is still ending: try again"
    who = "another process" if holder is None else f"process {holder}"
    return f"is in use by {who}: wait until it ends{otherwise}"


def _holder(file):
    file.seek(0)
    try:
        return json.loads(file.read())["pid"]
    except (ValueError, KeyError, TypeError):
        return None  # it has the lock, but has not signed yet


def _sign(file, path):
    try:
        file.truncate(0)
        signed = {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        file.write(json.dumps(signed).encode())
    except OSError as error:
        raise runs.writing_error(path, error) from error
