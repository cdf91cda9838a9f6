"""Files and folders that appear whole or not at all, and what to say where they cannot."""

import contextlib
import errno
import filecmp
import glob
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_utils.errors import FerError

PART = ".part"  # the mark of a file that is still being written
_OLD = "-old"  # and of a folder that makes way for another


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a path to write to; the file takes its name only when the block ends well.

    Args:
        path: where the file belongs. Its folder is made if absent.

    Yields:
        Path in the same folder, with the same suffix, to be written by the block.

    Raises:
        FerError: the folder cannot be written, or the disk is full.

    Example:
        >>> with whole_file("runs/demo/history.csv") as part:
        ...     frame.to_csv(part)
    """
    path = Path(path)
    part = _part(path, os.getpid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        yield part
        if path.exists() and filecmp.cmp(part, path, shallow=False):
            return  # its time stays too, so that what depends on it is still up to date
        _flush_to_disk(part)
        os.replace(part, path)
    except OSError as error:
        raise writing_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Give a folder to fill; as the block ends well it takes its name, from what is there.

    Args:
        path: where the folder belongs. What it is in is made if absent.

    Yields:
        Path of an empty folder beside it.

    Raises:
        FerError: it cannot be written, or the disk is full.
    """
    path = Path(path)
    with folder_beside(path) as part:
        yield part
        before = _part(path, f"{os.getpid()}{_OLD}")
        if path.exists():
            os.replace(path, before)
        try:
            os.replace(part, path)
        except BaseException:  # Ctrl-C too
            _remove_abandoned(path)  # what was there takes its name again
            raise
        shutil.rmtree(before, ignore_errors=True)


@contextlib.contextmanager
def folder_beside(path: str | Path) -> Iterator[Path]:
    """Give an empty folder beside a place; it goes as the block ends, a killed process's too.

    Raises:
        FerError: nothing can be written there, or the disk is full.
    """
    path = Path(path)
    part = _part(path, os.getpid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        part.mkdir()
        yield part
    except OSError as error:
        raise writing_error(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove(path: str | Path) -> None:
    """Remove a file, if it is there.

    Raises:
        FerError: it cannot be removed.
    """
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise writing_error(path, error) from error


def check_place(path: str | Path) -> None:
    """Raise FerError unless a file can be written there: said now, not after an hour."""
    path = Path(path)
    if path.is_dir():
        raise FerError(f"cannot write {path}: it is a folder: give the name of a file")
    part = _part(path, os.getpid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        part.write_text("")
        part.unlink()
    except OSError as error:
        raise writing_error(path, error) from error


def _part(path, mark):
    before, after = _around(path)
    return path.with_name(f"{before}{mark}{after}")


def _around(path):
    # The suffixes stay last: savers tell the format by them.
    suffixes = "".join(path.suffixes)
    return f".{path.name.removesuffix(suffixes)}.", f"{PART}{suffixes}"


def _remove_abandoned(path):
    """Remove what processes that were killed, and this one, left beside a file or a folder."""
    before, after = _around(path)
    for left in path.parent.glob(f"{glob.escape(before)}*{glob.escape(after)}"):
        mark = left.name.removeprefix(before).removesuffix(after)
        pid = mark.removesuffix(_OLD)
        if not pid.isdigit() or (int(pid) != os.getpid() and alive(int(pid))):
            continue
        if mark != pid and not path.exists():
            os.replace(left, path)  # a folder that was to be replaced, and was not
        elif left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Return whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it exists and belongs to someone else
    return True


def _flush_to_disk(part):
    # Without this a power cut can leave the new name on an empty file.
    with open(part, "rb+") as file:
        os.fsync(file.fileno())


def _full(path):
    # NumPy says that less was written than it gave, and no number.
    with contextlib.suppress(OSError):
        return shutil.disk_usage(Path(path).parent).free < 1 << 20
    return False


def writing_error(path: str | Path, error: OSError) -> FerError:
    """Return the FerError that says why ``path`` could not be written and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or (error.errno is None and _full(path)):
        remedy = "the disk is full: free some space, then run the same command again"
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        remedy = "the folder is read-only: choose another, or change its permissions"
    else:
        remedy = f"{error.strerror or error}: choose another place"
    return FerError(f"cannot write {path}: {remedy}")


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON, indented and with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")
