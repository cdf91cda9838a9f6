"""Under which versions, commit and device something was computed."""

import datetime
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from fer_utils import paths
from fer_utils.backend import device


def provenance() -> dict[str, Any]:
    """Return the versions, commit, device and time under which something was computed."""
    import keras

    packages = ("fer-utils", "keras", "tensorflow", "jax", "numpy")
    return {
        "backend": keras.backend.backend(),
        "commit": _commit(),
        "device": device(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **_installed(packages)},
    }


def _installed(packages):
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit():
    """Return the short git commit, marked if files differ from it; empty where there is none."""
    if Path(_git("rev-parse", "--show-toplevel") or "/").resolve() != paths.PROJECT:
        return ""  # an installed copy may lie in somebody else's repository
    return _git("describe", "--always", "--dirty")


def _git(*arguments):
    command = ["git", "-C", str(paths.PROJECT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
