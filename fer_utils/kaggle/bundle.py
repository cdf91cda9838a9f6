"""The data set that takes the suite to Kaggle: one flat folder with all that has no network there.

A wheel of the package, the notebooks, wheels of small libraries that Kaggle's image may lack, the
script that installs them, and ``fer_utils_bundle.json``, by which a kernel knows the data set
wherever it is mounted.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fer_utils import paths, runs
from fer_utils.errors import FerError
from fer_utils.kaggle import BUNDLE

# Pure Python, each with the modules that tell whether Kaggle has it. It is taken in the version
# that is installed here, and installed there only where it is missing.
LIBRARIES = {
    "ansicolors": ("colors",),  # papermill's
    "imbalanced-learn": ("imblearn",),
    "mtcnn": ("mtcnn",),
    "optuna": ("optuna",),
    "papermill": ("papermill",),
    "saliency": ("saliency",),
    "seaborn": ("seaborn",),
}
FILES = paths.PROJECT / "kaggle"  # what is sent as it is, and templates
SETUP = "fer_utils_setup.py"
_SOURCES = ("pyproject.toml", "README.md", "LICENSE")
_EPOCH = "1577836800"  # 2020, the time of all files in the wheel: equal code, equal wheel


def build(folder, libraries=tuple(LIBRARIES), say=print):
    """Fill a folder with the data set's files.

    Args:
        folder: made anew; what it held is removed.
        libraries: names from ``LIBRARIES`` to take along.
        say: takes a line of text where a library cannot be had.

    Returns:
        str, the hash of all that decides what a kernel does with it.

    Raises:
        FerError: this is no clone of the project, or the wheel cannot be built.
    """
    folder = Path(folder)
    if not paths.in_clone():
        raise FerError("the notebooks are not installed with the package: push from a clone")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        _wheel(folder)
        shutil.copyfile(FILES / SETUP, folder / SETUP)
        for notebook in sorted((paths.PROJECT / "notebooks").glob("*.ipynb")):
            shutil.copyfile(notebook, folder / notebook.name)
    except OSError as error:
        raise runs.writing_error(folder, error) from error
    taken = [name for name in libraries if _library(name, folder, say)]
    found = {"hash": _hash(folder), "libraries": {name: LIBRARIES[name] for name in taken}}
    runs.write_json(folder / BUNDLE, found)
    return found["hash"]


def _wheel(folder):
    """Build our wheel, from a copy: setuptools leaves folders, with old files, where it works."""
    with tempfile.TemporaryDirectory(prefix="fer-wheel-") as copy:
        for name in _SOURCES:
            shutil.copy(paths.PROJECT / name, copy)
        shutil.copytree(
            paths.PROJECT / "fer_utils",
            Path(copy, "fer_utils"),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
        ended = _pip("wheel", *options, copy, env={"SOURCE_DATE_EPOCH": _EPOCH})
    if ended.returncode:
        raise FerError(
            f"the package's wheel cannot be built ({_last_line(ended)}): python -m pip install "
            "--upgrade pip 'setuptools>=77', then run it again"
        )


def _library(name, folder, say):
    """Put a library's wheel into the folder; return whether it could be had."""
    try:
        wanted = f"{name}=={importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        wanted = name
    options = ["--no-deps", "--only-binary=:all:", "--platform", "any", "--dest", str(folder)]
    if _pip("download", *options, wanted).returncode == 0:
        return True
    say(f"{wanted}: no wheel to be had; where Kaggle lacks it, its notebooks are left out")
    return False


def _pip(*arguments, env=None):
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    return subprocess.run(command, env=os.environ | (env or {}), capture_output=True, text=True)


def _last_line(ended):
    return (ended.stderr.strip().splitlines() or ["pip said nothing"])[-1][:200]


def _hash(folder):
    """Return 16 hex digits of code, notebooks' cells and wheels' names."""
    from fer_utils.pipeline import manifest

    parts = {path.name: manifest.source_hash(path) for path in folder.glob("*.ipynb")}
    parts |= dict.fromkeys(path.name for path in folder.glob("*.whl"))
    files = sorted(path for path in (paths.PROJECT / "fer_utils").rglob("*") if path.is_file())
    files.append(FILES / SETUP)
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    for path in files:
        if "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(paths.PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]
