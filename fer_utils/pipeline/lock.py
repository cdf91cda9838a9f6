"""One run at a time on a run folder."""

import contextlib
import json
import time

from fer_utils import locks, runs
from fer_utils.errors import FerError

NAME = ".lock"  # of the file, in the folder
ORPHAN_SECONDS = 30  # how long a killed run's notebook may take to end


class InUse(FerError):
    """Another process holds the lock."""


@contextlib.contextmanager
def held(run_dir, otherwise=", or choose another folder with --run", patience=0):
    """Hold the lock of a run folder.

    The system drops the lock with the process, however it ends. The kernel inherits the
    open file: after ``kill -9`` of the runner, the next run waits the second or so until the
    orphaned kernel has noticed and ended, so that two never write the same files.

    Args:
        run_dir: the folder; made if absent.
        otherwise: what else one may do than wait, for the message.
        patience: seconds to wait for another process, also for one that is known to run.

    Yields:
        int, the file descriptor that holds the lock.

    Raises:
        InUse: another process holds it.
        FerError: the folder cannot be written.
    """
    path = run_dir / NAME
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        file = open(path, "ab+", buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        raise runs.writing_error(run_dir, error) from error
    with file:
        _acquire(file, run_dir, otherwise, patience)
        _sign(file, path)
        yield file.fileno()


def _acquire(file, run_dir, otherwise, patience):
    began = time.monotonic()
    while not locks.taken(file.fileno()):
        holder = _holder(file)
        runs_here = locks.has_ended(holder) is False
        if time.monotonic() - began >= (patience if runs_here else max(patience, ORPHAN_SECONDS)):
            raise InUse(f"{run_dir} is in use by {_why(holder, otherwise, file.name)}")
        time.sleep(0.2)


def _why(holder, otherwise, path):
    """Return who it is and what to do. The system's lock decides; this only says why."""
    wait = f"wait until it ends{otherwise}"
    if not holder:
        return f"another process: {wait}"
    machine, _, number = holder.rpartition(":")
    ended = locks.has_ended(holder)
    if ended:
        return f"a notebook of the killed run, process {number}, that is still ending: try again"
    if ended is False:
        return f"process {number}: {wait}"
    gone = f"if that machine is gone, and stays so, delete {path}"
    return f"process {number} of another machine, {machine.rpartition(' ')[0]}: {wait}; {gone}"


def _holder(file):
    file.seek(0)
    try:
        return str(json.loads(file.read())["process"])
    except (ValueError, KeyError, TypeError):
        return ""  # it has the lock, but has not signed yet


def _sign(file, path):
    signed = {"process": locks.this_process(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    try:
        file.truncate(0)
        file.write(json.dumps(signed).encode())
    except OSError as error:
        raise runs.writing_error(path, error) from error
