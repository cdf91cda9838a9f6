"""Files that appear whole or not at all, and the run folder that notebooks exchange."""

import contextlib
import errno
import filecmp
import json
import os
import platform
from pathlib import Path

import numpy as np

from fer_utils.errors import FerError

PART = ".part"  # the mark of a file that is still being written


@contextlib.contextmanager
def whole_file(path):
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


def check_place(path):
    """Raise FerError unless a file can be written there: said now, not after an hour."""
    path = Path(path)
    if path.is_dir():
        raise FerError(f"cannot write {path}: it is a folder: give the name of a file")
    part = _part(path, os.getpid())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("")
        part.unlink()
    except OSError as error:
        raise writing_error(path, error) from error


def _part(path, pid):
    # The suffixes stay last: savers tell the format by them.
    suffixes = "".join(path.suffixes)
    return path.with_name(f".{path.name.removesuffix(suffixes)}.{pid}{PART}{suffixes}")


def _remove_abandoned(path):
    # What a killed process (kill -9) left of this file.
    before, after = _part(path, "*").name.split("*")
    for part in path.parent.glob(f"{before}*{after}"):
        pid = part.name.removeprefix(before).removesuffix(after)
        if pid.isdigit() and not alive(int(pid)):
            part.unlink(missing_ok=True)


def alive(pid):
    """Return whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it exists and belongs to someone else
    return True


def this_process():
    """Return machine and number of this process, for example ``box 5f2c41d0:4711``."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:  # not Linux
        booted = ""
    return f"{platform.node()} {booted}:{os.getpid()}"  # names alone are not unique


def has_ended(process):
    """Return whether a process, as ``this_process`` says it, has ended; None if not known.

    That of another machine is not, nor is one of this machine before it was started anew.
    """
    machine, _, number = process.rpartition(":")
    if machine != this_process().rpartition(":")[0] or not number.isdigit():
        return None
    return not alive(int(number))


def _flush_to_disk(part):
    # Without this a power cut can leave the new name on an empty file.
    with open(part, "rb+") as file:
        os.fsync(file.fileno())


def writing_error(path, error):
    """Return the FerError that says why ``path`` could not be written and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "the disk is full: free some space, then run the same command again"
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        remedy = "the folder is read-only: choose another, or change its permissions"
    else:
        remedy = f"{error.strerror or error}: choose another place"
    return FerError(f"cannot write {path}: {remedy}")


def write_text(path, text):
    """Write a text file whole or not at all."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def write_json(path, value):
    """Write JSON, indented and with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path):
    """Return what a JSON file holds, or None where it is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_predictions(path, index, split, probabilities, fold=None):
    """Write ``predictions.npz``, the form in which models meet the ensemble.

    Args:
        path: the file to write.
        index: int ``(n,)``, rows of the Dataset.
        split: str ``(n,)``, their splits.
        probabilities: float ``(n, classes)``, rows sum to 1.
        fold: int ``(n,)`` where the predictions are out of fold.
    """
    arrays = {
        "index": np.asarray(index, np.int64),
        "split": np.asarray(split, str),
        "probabilities": np.asarray(probabilities, np.float32),
    }
    if fold is not None:
        arrays["fold"] = np.asarray(fold, np.int64)
    with whole_file(path) as part:
        np.savez_compressed(part, **arrays)


def read_predictions(path):
    """Return the arrays of ``predictions.npz`` as a dict.

    Raises:
        FerError: the file is missing, damaged, holds pickles, or its arrays do not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        n = len(arrays["index"])
        fits = len(arrays["split"]) == n and len(arrays["probabilities"]) == n
    except FileNotFoundError as error:
        raise FerError(f"{path} is missing: run the notebook that trains this model") from error
    except Exception as error:
        raise FerError(
            f"{path} is not a predictions file ({error}): delete it and train again"
        ) from error
    if not fits or arrays["probabilities"].ndim != 2:
        raise FerError(f"{path}: its arrays have different lengths: delete it and train again")
    return arrays
