"""Faults on purpose: of all changes of the disk below a folder, the n-th fails, or is the last.

Audit hooks see what opens, renames, makes and removes files, in whatever library; files that are
opened to be written are counted at each write too, and half of that write comes through.
"""

import builtins
import errno
import io
import os
import sys

ERRORS = {name: getattr(errno, name) for name in ("ENOSPC", "EROFS", "EACCES")}
_PATHS = {"open": 1, "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.truncate": 1, "os.chmod": 1,
          "os.utime": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2}  # fmt: skip
_NEED_NO_SPACE = {"os.remove", "os.rmdir", "os.chmod", "os.utime", "os.truncate"}
_DIRECT = ("PIL.", "numpy.", "shutil")  # write past Python where a file has a number
_open, _fsync = io.open, os.fsync
_active = None


class Killed(BaseException):
    """Stands for ``kill -9``: from then on nothing reaches the disk, clean-ups neither."""


class Faults:
    """Counts the changes below a folder; as a context manager it makes one, or more, fail.

    Args:
        root: folder; what happens elsewhere is left alone.
        at: int, number from 0 of the change that fails; None to count only.
        what: key of ``ERRORS``, ``kill``, or ``exit``: ends the process indeed.
        lasting: whether all changes after it fail too, as on a disk that stays full.
    """

    def __init__(self, root, at=None, what="ENOSPC", lasting=False):
        self.root = os.path.realpath(root)
        self.at, self.what, self.lasting = at, what, lasting
        self.seen = []
        self.dead = False

    def __enter__(self):
        global _active
        _hooked()
        _active = self
        io.open = builtins.open = _opened
        os.fsync = _synced
        return self

    def __exit__(self, *error):
        global _active
        _active = None
        io.open = builtins.open = _open
        os.fsync = _fsync

    def below(self, path):
        try:
            path = os.path.realpath(os.fsdecode(path))
        except TypeError:  # the number of an open file
            return False
        return path == self.root or path.startswith(self.root + os.sep)

    def step(self, kind, path):
        """Count a change; raise what it fails with."""
        number = len(self.seen)
        self.seen.append(f"{kind} {os.path.relpath(os.fsdecode(path), self.root)}")
        if self.at is None or number < self.at:
            return
        if self.what == "exit":
            os.kill(os.getpid(), 9)
        if self.what == "kill":
            self.dead = True
            raise Killed(self.seen[self.at])
        # One clean-up alone that fails is nothing that happens.
        needless = kind in _NEED_NO_SPACE and (self.what == "ENOSPC" or not self.lasting)
        if (number == self.at or self.lasting) and not needless:
            code = ERRORS[self.what]
            raise OSError(code, os.strerror(code), os.fsdecode(path))


class _File(io.FileIO):
    """A file whose writes are counted."""

    def __init__(self, *arguments):
        self._faults = _active
        super().__init__(*arguments)

    def write(self, data):
        view = memoryview(data).cast("B")
        if self._faults.dead:
            return len(view)  # a buffer that is emptied when the file is closed
        try:
            self._faults.step("write", self.name)
        except BaseException:
            super().write(view[: len(view) // 2])
            raise
        return super().write(view)

    def truncate(self, *size):
        self._faults.step("truncate", self.name)
        return super().truncate(*size)

    def fileno(self):
        if sys._getframe(1).f_globals.get("__name__", "").startswith(_DIRECT):
            raise io.UnsupportedOperation("counted")
        return super().fileno()


def _opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None,
            closefd=True, opener=None):  # fmt: skip
    counted = set(mode) & set("wax+") and not isinstance(file, int)
    if not counted or _active is None or not _active.below(file):
        return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = _File(file, mode.replace("b", "").replace("t", ""), closefd, opener)
    if buffering == 0:
        return raw
    buffered = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw)
    if "b" in mode:
        return buffered
    return io.TextIOWrapper(buffered, io.text_encoding(encoding), errors, newline, buffering == 1)


def _synced(number):
    path = os.path.realpath(f"/proc/self/fd/{number}")
    if _active is not None and _active.below(path):
        _active.step("fsync", path)
    _fsync(number)


def _hooked(done=[]):  # noqa: B006 - a hook cannot be taken away again, so there is one
    if not done:
        sys.addaudithook(_audit)
        done.append(True)


def _audit(event, arguments):
    if _active is None or event not in _PATHS:
        return
    if event == "open":
        path, _, flags = arguments
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            return
    for path in map(_absolute, arguments[: _PATHS[event]], _folders(event, arguments)):
        if _active.below(path):
            return _active.step(event, path)


def _folders(event, arguments):
    """Return the numbers of the open folders that an event's paths are relative to."""
    numbers = [value for value in arguments[_PATHS[event] :] if isinstance(value, int)]
    given = event in ("os.remove", "os.rmdir", "os.mkdir", "os.rename", "os.link")
    return (numbers[-_PATHS[event] :] if given else []) + [-1] * 2


def _absolute(path, folder):
    if folder >= 0 and isinstance(path, str | bytes):
        return os.path.join(os.path.realpath(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    return path
