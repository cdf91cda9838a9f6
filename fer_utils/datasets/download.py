"""Fetches the competition's files through the ``kaggle`` package, when asked to."""

import os

from fer_utils import paths, runs
from fer_utils.datasets import connection
from fer_utils.datasets.fer2013 import layouts


def download(out):
    """Fetch the competition's files as one .zip, which ``load`` reads as it is.

    Args:
        out: folder to put it in, made if absent. Where it holds FER2013 already, nothing
            is fetched.

    Returns:
        Path of the folder.

    Raises:
        FerError: no package, no token, rules not accepted, no connection, Kaggle is busy, or a
            file that is damaged or cannot be written. It says what to do and shows no token.

    Example:
        >>> download("data")
    """
    out = paths.resolved(out)
    if layouts.search(out, []):
        return out
    api = connection.log_in()
    with runs.folder_beside(out / "download") as part:
        for path in _fetch(api, part):
            os.replace(path, out / path.name)
    return out


def _fetch(api, folder):
    """Return the files that Kaggle gave, once they are known to be FER2013."""
    try:
        with connection.limited():
            api.competition_download_files(paths.COMPETITION, path=str(folder), quiet=False)
    except (Exception, SystemExit) as error:  # the cause may hold a signed address
        raise connection.refusal("the competition's files", error, api) from None
    layouts.locate(folder)
    return sorted(path for path in folder.iterdir() if path.is_file())
