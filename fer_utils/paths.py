"""Where data, caches and runs are.

In a clone runs and submissions lie in the project, whatever the working directory. It counts
for three things: a package that is installed without its clone writes there; ``./data`` is
looked into; a relative ``FER_UTILS_DATA`` or ``FER_UTILS_CACHE`` starts there. A notebook's
working directory is its own folder, so the pipeline hands both on to it as absolute paths.
"""

import os
from pathlib import Path

from fer_utils.errors import FerError

PROJECT = Path(__file__).resolve().parents[1]  # the clone; where installed, site-packages
_KAGGLE = os.environ.get("FER_UTILS_KAGGLE", "/kaggle")  # elsewhere in a rehearsal
KAGGLE_INPUT = Path(_KAGGLE, "input")
KAGGLE_WORKING = Path(_KAGGLE, "working")
COMPETITION = "challenges-in-representation-learning-facial-expression-recognition-challenge"


def on_kaggle() -> bool:
    """Return whether this is a Kaggle kernel."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def in_clone() -> bool:
    """Return whether this package lies in a clone of the project, not in site-packages."""
    return (PROJECT / "pyproject.toml").is_file()


def resolved(path: str | Path) -> Path:
    """Return a path as it is without ``~``, links and dots; it need not exist.

    Raises:
        FerError: no such user, links that go in circles, or a name that is too long.
    """
    try:
        found = Path(path).expanduser().resolve()
        found.stat()  # newer Pythons resolve circles and long names without a word
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # for whoever reads or writes there to say
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FerError(f"{path} cannot be used ({reason}): give another path") from error
    return found


def output_root() -> Path:
    """Return the folder under which runs/ and submissions/ are written.

    The project; on Kaggle its working folder; without a clone the working directory.
    """
    if on_kaggle():
        return KAGGLE_WORKING
    return PROJECT if in_clone() else Path.cwd()


def cache_dir() -> Path:
    """Return the folder of parsed data: ``FER_UTILS_CACHE``, else the user's cache folder."""
    given = os.environ.get("FER_UTILS_CACHE")
    user = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return resolved(given or Path(user, "fer_utils"))


def data_candidates() -> list[Path]:
    """Return the folders where data is looked for, best first; none need exist.

    ``FER_UTILS_DATA``, then Kaggle's mounts (old ``/kaggle/input/<slug>`` and new
    ``/kaggle/input/competitions/<slug>``, ``/kaggle/input/datasets/<owner>/<slug>``, then
    whatever lies deeper), then ``data/`` in the working directory and in the clone.
    """
    given = os.environ.get("FER_UTILS_DATA")
    places = [resolved(given)] if given else []
    places += [KAGGLE_INPUT / "competitions" / COMPETITION, KAGGLE_INPUT / COMPETITION]
    if KAGGLE_INPUT.is_dir():
        for depth in ("*", "datasets/*/*", "*/*/*"):
            places += sorted(place for place in KAGGLE_INPUT.glob(depth) if place.is_dir())
    places += [Path.cwd() / "data"] + ([PROJECT / "data"] if in_clone() else [])
    return list(dict.fromkeys(places))


def weights_candidates() -> list[Path]:
    """Return the folders where pretrained weights are looked for, best first; none need exist.

    Kaggle's mounts, then Keras's own cache, which is ``models`` under ``KERAS_HOME``, else
    under ``~/.keras``.
    """
    return [KAGGLE_INPUT, resolved(os.environ.get("KERAS_HOME") or "~/.keras") / "models"]
