"""Where a study is kept: a file that processes share, or a database that machines share."""

import contextlib
import errno
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from fer_utils import runs
from fer_utils.errors import FerError

PATIENCE = 60  # seconds to wait for another process to let go of the file or the database


def storage(place):
    """Return the Optuna storage for a place.

    Args:
        place: path of a file, or a database URL such as ``postgresql://user@host/name``.

    Raises:
        FerError: the file is locked or damaged, cannot be written, or is no study; the
            database does not answer, or Python lacks its driver.
    """
    if "://" in str(place):
        return _database(str(place))
    path = Path(place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backend = StudyFile(path)
    except OSError as error:
        raise runs.writing_error(path, error) from error
    try:
        return optuna.storages.JournalStorage(backend)
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise FerError(f"{path} is not a study ({error!r}): choose another file") from error


class StudyFile(JournalFileBackend):
    """Optuna's journal, a line for each thing that happened, with errors that say what to do.

    Args:
        path: Path of the file; made if absent.
    """

    def __init__(self, path):
        self.path = path
        super().__init__(str(path), lock_obj=Lock(path))
        self._mend()

    def read_logs(self, log_number_from):
        """Yield what was written from this line on."""
        try:
            yield from super().read_logs(log_number_from)
        except (ValueError, UnicodeDecodeError) as error:
            raise FerError(
                f"{self.path} is damaged in line {self._first_bad_line()} ({error}): "
                "delete that line and all below it to keep the trials before, or the whole file"
            ) from error

    def append_logs(self, logs):
        """Write lines at the end.

        Not by Optuna's own, which goes on in a line that another process could not finish.
        """
        lines = [json.dumps(log, separators=(",", ":")) + "\n" for log in logs]
        content = "".join(lines).encode()
        try:
            with self._locked():
                _cut(self.path)
                # Without a buffer, which would be written once more when the file is closed.
                with open(self.path, "ab", buffering=0) as file:
                    if file.write(content) < len(content):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(file.fileno())
        except OSError as error:
            raise runs.writing_error(self.path, error) from error

    def _mend(self):
        with self._locked(), open(self.path, "rb") as file:
            first = file.readline()
            if first and not _is_record(first):
                raise FerError(f"{self.path} is not a study: choose another file")
            _cut(self.path)

    @contextlib.contextmanager
    def _locked(self):
        self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def _first_bad_line(self):
        lines = self.path.read_bytes().splitlines()
        bad = (number for number, line in enumerate(lines, start=1) if not _is_record(line))
        return next(bad, len(lines))


def _cut(path):
    """Cut a last line that a full disk or a power cut left without its end."""
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 1, 0))
        if file.read(1) not in (b"", b"\n"):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def _is_record(line):
    try:
        return "op_code" in json.loads(line)
    except (TypeError, ValueError):
        return False


class Lock(JournalFileOpenLock):
    """A lock on the file itself that the system drops with the process, however it ends."""

    def __init__(self, path):
        self._path = path
        self._held: Any = None  # the open file

    def acquire(self):
        """Wait for the lock.

        Raises:
            FerError: another process holds it longer than ``PATIENCE``.
        """
        deadline = time.monotonic() + PATIENCE
        file = open(self._path, "rb+")  # noqa: SIM115 - closed when released
        while not _locked(file):
            if time.monotonic() > deadline:
                file.close()
                raise FerError(
                    f"{self._path} has been locked by another process for {PATIENCE} s: end or "
                    "continue it (a stopped one holds its lock), then run the same again"
                )
            time.sleep(0.01)
        self._held = file
        return True

    def release(self):
        """Let go."""
        self._held.close()


def _locked(file):
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _database(url):
    options = {"connect_args": {"timeout": PATIENCE}} if url.startswith("sqlite") else {}
    with database_errors():
        _check(url)
        return optuna.storages.RDBStorage(url, engine_kwargs={"pool_pre_ping": True, **options})


def _check(url):
    from sqlalchemy.engine import make_url

    database = make_url(url).database
    if url.startswith("sqlite") and database:
        folder = Path(database).parent
        if not os.access(folder, os.W_OK):
            raise FerError(f"cannot write {database}: make the folder {folder}, or choose another")


@contextlib.contextmanager
def database_errors():
    """Turn what a database raises into what to do.

    Raises:
        FerError: it is locked, damaged, out of reach, or of another version of Optuna.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        said = str(error.__cause__ or error).splitlines()[0]
        raise FerError(f"the study's database does not work ({said}): {_remedy(said)}") from error
    except ImportError as error:
        raise FerError(f"{error}: install the database's driver") from error


def _remedy(said):
    if "locked" in said:
        return "another process holds it: wait, end that, or use a file that is not a database"
    if "not a database" in said or "malformed" in said:
        return "the file is damaged or something else: choose another, or a copy of it"
    return "see that the URL is right and that the server answers"
