"""Fetches the competition's files through the ``kaggle`` package, when asked to."""

import contextlib
import io
import os
from pathlib import Path

from fer_utils import paths, runs
from fer_utils.datasets.fer2013 import layouts
from fer_utils.errors import FerError

TOKEN = (
    "make one at https://www.kaggle.com/settings/api and save it as ~/.kaggle/access_token (or "
    "set KAGGLE_API_TOKEN), then run the same command again"
)
RULES = f"https://www.kaggle.com/c/{paths.COMPETITION}/rules"
_FILES = ("access_token", "kaggle.json", "credentials.json")


def download(out):
    """Fetch the competition's files as one .zip, which ``load`` reads as it is.

    Args:
        out: folder to put it in, made if absent. Where it holds FER2013 already, nothing
            is fetched.

    Returns:
        Path of the folder.

    Raises:
        FerError: no package, no token, rules not accepted, no connection, or a file that is
            damaged or cannot be written. The message says what to do and shows no token.

    Example:
        >>> download("data")
    """
    out = paths.resolved(out)
    if layouts.search(out, []):
        return out
    api = _api()
    with runs.folder_beside(out / "download") as part:
        for path in _fetch(api, part):
            os.replace(path, out / path.name)
    return out


def _fetch(api, folder):
    """Return the files that Kaggle gave, once they are known to be FER2013."""
    try:
        api.competition_download_files(paths.COMPETITION, path=str(folder), quiet=False)
    except (Exception, SystemExit) as error:
        raise _refusal(error) from None  # the cause may hold a signed address
    layouts.locate(folder)
    return sorted(path for path in folder.iterdir() if path.is_file())


def _refusal(error):
    """Return the FerError for what the Kaggle package raised."""
    if isinstance(error, OSError) and error.errno is not None:
        return runs.writing_error("the download", error)
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "status", None)
    if status == 401:
        return FerError(f"Kaggle does not accept the token: {TOKEN}")
    if status == 403:
        return FerError(f"Kaggle refuses the data (403): accept the rules at {RULES}, then retry")
    what = f"status {status}" if status else type(error).__name__
    return FerError(f"the download from Kaggle failed ({what}): check the connection and retry")


def _api():
    """Return the package's API, logged in."""
    if not has_token():
        raise FerError(f"no Kaggle token found: {TOKEN}")
    # The package prints advice, while it is imported too.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        api_class = imported()
        try:
            api = api_class()
            api.authenticate()
        except (Exception, SystemExit):
            raise FerError(f"Kaggle does not accept the token: {TOKEN}") from None
    return api


def imported():
    """Return the Kaggle package's class; it logs in, and may call exit(), while it is imported.

    Raises:
        FerError: the package is missing; Kaggle does not accept the token.
    """
    try:
        from kaggle.api.kaggle_api_extended import KaggleApi
    except ImportError:
        raise FerError(
            "the kaggle package is missing: run python -m pip install kaggle, then the same "
            "command again"
        ) from None
    except (Exception, SystemExit):
        raise FerError(f"Kaggle does not accept the token: {TOKEN}") from None
    return KaggleApi


def has_token():
    """Return whether there is something to log in with; it is not looked at."""
    if os.environ.get("KAGGLE_API_TOKEN"):
        return True
    if os.environ.get("KAGGLE_USERNAME") and os.environ.get("KAGGLE_KEY"):
        return True
    settings = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    folders = [
        os.environ.get("KAGGLE_CONFIG_DIR"),
        Path.home() / ".kaggle",
        Path(settings, "kaggle"),
    ]
    return any(Path(folder, name).is_file() for folder in folders if folder for name in _FILES)
