"""Hashes and values of what a notebook's results depend on, besides the notebook itself."""

import hashlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path

from fer_utils import paths, runs
from fer_utils.datasets import ferplus

# Rooms of the package that change no result.
_NO_MATTER = {"pipeline", "kaggle", "commands", "cli.py", "plain_errors.py"}
# Whose versions results and figures depend on.
_LIBRARIES = (
    *("keras", "numpy", "pandas", "scikit-learn"),
    *("pillow", "opencv-python-headless", "matplotlib"),
)


def package_hash(folder):
    """Return a hash of the code under ``folder``, without what only runs and reports."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if name.parts[0] not in _NO_MATTER:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def backend():
    """Return the name of Keras's backend, found as Keras does but without importing it."""
    home = os.path.expanduser("~")
    home = os.path.join(home if os.access(home, os.W_OK) else "/tmp", ".keras")
    home = os.path.expanduser(os.environ.get("KERAS_HOME") or home)
    config = runs.read_json(os.path.join(home, "keras.json"))
    named = config.get("backend") if isinstance(config, dict) else None
    return os.environ.get("KERAS_BACKEND") or named or "tensorflow"


def versions():
    """Return the versions that results depend on, without importing anything."""
    found = {"python": platform.python_version()}
    for name in (*_LIBRARIES, backend()):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def data_fingerprint(dataset, root):
    """Return the data set's name with a hash of its files' names, sizes and times.

    Of a file also those beside it count: test.csv is read with train.csv, and the example of
    a submission. So do the votes of FER+, which may lie a folder above or below. Kaggle gives
    its mounts another time in each session, so there only names and sizes count.
    """
    if root is None:
        return dataset
    root = Path(root)
    if root.is_dir():
        files, read = files_in(root), ""
    else:  # without the folders beside it, which may be all there is in a home
        files, read = files_in(root.parent, deep=False), root.name
    votes = ferplus.find(root)
    stats = [*files.values(), *([size_and_time(votes)] if votes else [])]
    if paths.on_kaggle():
        for stat in stats:
            stat.pop()
    return f"{dataset} {hash_of(json.dumps([read, files, votes and stats[-1]]))}"


def files_in(root, deep=True):
    """Return ``{path: [size, time]}`` of the files of a folder, and below it if ``deep``.

    Hidden files are left out: they are locks, and files in the making.
    """
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if deep and not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and path.exists():
                found[path.relative_to(root).as_posix()] = size_and_time(path)
    return found


def size_and_time(path):
    """Return a file's size in bytes and its time of change in nanoseconds."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def hash_of(text):
    """Return 16 digits that tell a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
