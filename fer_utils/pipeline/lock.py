"""One run at a time on a run folder."""

import contextlib
import json
import time

from fer_utils import runs
from fer_utils.errors import FerError

ORPHAN_SECONDS = 30  # how long a killed run's notebook may take to end


class InUse(FerError):
    """Another process holds the lock."""


@contextlib.contextmanager
def held(run_dir, patience=0):
    """Hold the lock of a run folder.

    The system drops the lock with the process, however it ends. The kernel inherits the
    open file: after ``kill -9`` of the runner, the next run waits the second or so until the
    orphaned kernel has noticed and ended, so that two never write the same files.

    Args:
        run_dir: the folder; made if absent.
        patience: seconds to wait for another process, also for one that is known to run.

    Yields:
        int, the file descriptor that holds the lock.

    Raises:
        InUse: another process holds it.
        FerError: the folder cannot be written.
    """
    path = run_dir / ".lock"
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise runs.writing_error(run_dir, error) from error
    with file:
        _acquire(file, run_dir, patience)
        _sign(file, path)
        yield file.fileno()


def _acquire(file, run_dir, patience):
    began = time.monotonic()
    while not _locked(file):
        holder = _holder(file)
        runs_here = runs.has_ended(holder) is False
        if time.monotonic() - began >= (patience if runs_here else max(patience, ORPHAN_SECONDS)):
            raise InUse(f"{run_dir} is in use by {_why(holder, file.name)}")
        time.sleep(0.2)


def _why(holder, path):
    """Return who it is and what to do. The system's lock decides; this only says why."""
    wait = "wait until it ends, or choose another folder with --run"
    if not holder:
        return f"another process: {wait}"
    machine, _, number = holder.rpartition(":")
    ended = runs.has_ended(holder)
    if ended:
        return f"a notebook of the killed run, process {number}, that is still ending: try again"
    if ended is False:
        return f"process {number}: {wait}"
    gone = f"if that machine is gone, and stays so, delete {path}"
    return f"process {number} of another machine, {machine.rpartition(' ')[0]}: {wait}; {gone}"


def _locked(file):
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass  # no locks on this system or network drive: run without
    return True


def _holder(file):
    file.seek(0)
    try:
        return str(json.loads(file.read())["process"])
    except (ValueError, KeyError, TypeError):
        return ""  # it has the lock, but has not signed yet


def _sign(file, path):
    try:
        file.seek(0)
        file.truncate()
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        json.dump({"process": runs.this_process(), "since": since}, file)
        file.flush()
    except OSError as error:
        raise runs.writing_error(path, error) from error
