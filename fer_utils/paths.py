"""Where data, caches and runs are. Nothing here depends on the working directory."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
KAGGLE_INPUT = Path("/kaggle/input")
KAGGLE_WORKING = Path("/kaggle/working")
COMPETITION = "challenges-in-representation-learning-facial-expression-recognition-challenge"


def on_kaggle():
    """Return whether this is a Kaggle kernel."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def output_root():
    """Return the folder under which runs/ and submissions/ are written."""
    return KAGGLE_WORKING if on_kaggle() else PROJECT


def cache_dir():
    """Return the folder of parsed data: ``FER_UTILS_CACHE``, else the user's cache folder."""
    given = os.environ.get("FER_UTILS_CACHE")
    if given:
        return Path(given).expanduser()
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "fer_utils"


def data_candidates():
    """Return the folders where data is looked for, best first; none need exist.

    ``FER_UTILS_DATA``, then Kaggle's mounts (old ``/kaggle/input/<slug>`` and new
    ``/kaggle/input/competitions/<slug>``, ``/kaggle/input/datasets/<owner>/<slug>``), then
    ``data/`` in the working directory and in the project.
    """
    given = os.environ.get("FER_UTILS_DATA")
    places = [Path(given).expanduser()] if given else []
    places += [KAGGLE_INPUT / "competitions" / COMPETITION, KAGGLE_INPUT / COMPETITION]
    if KAGGLE_INPUT.is_dir():
        places += sorted(p for p in KAGGLE_INPUT.glob("*") if p.is_dir())
        places += sorted(p for p in KAGGLE_INPUT.glob("datasets/*/*") if p.is_dir())
    places += [Path.cwd() / "data", PROJECT / "data"]
    return list(dict.fromkeys(places))
