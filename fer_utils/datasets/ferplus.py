"""FER+ votes for FER2013: what ten annotators saw in each image (Barsoum et al. 2016)."""

from pathlib import Path

import numpy as np

from fer_utils.errors import FerError

FILE = "fer2013new.csv"
# The columns of the official file, in its order, without Usage and Image name.
COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
NO_EMOTION = ("unknown", "NF")  # cannot tell; not a face
_FER2013 = {"angry": "anger", "happy": "happiness", "sad": "sadness"}


def find(root):
    """Return the path of ``fer2013new.csv`` in a data folder or beside it, None if absent."""
    if root is None:
        return None
    root = Path(root)
    folder = root if root.is_dir() else root.parent
    places = (folder / FILE, folder.parent / FILE, folder / "ferplus" / FILE)
    return next((place for place in places if place.is_file()), None)


def usable(dataset):
    """Return whether the votes can be told to a Dataset's rows: all of FER2013, numbered.

    Names of image folders' rows are paths, which say nothing of the place in fer2013.csv.
    """
    return dataset.names.tolist() == [str(i) for i in range(len(dataset))]


def votes(path, dataset):
    """Return the votes for each row of FER2013, in the order of the Dataset.

    Args:
        path: ``fer2013new.csv``; its rows are those of fer2013.csv, in its order.
        dataset: the whole of FER2013, as ``load`` returns it from anything but image folders.

    Returns:
        int64 ``(n, 10)``, columns ``COLUMNS + NO_EMOTION``; -1 in rows beyond the file's end.

    Raises:
        FerError: the Dataset is not ``usable``, columns are missing, or the file has more
            rows than FER2013.
    """
    import pandas as pd

    if not usable(dataset):
        raise FerError(
            f"{path} has the votes in the order of fer2013.csv, which the rows of "
            f"{dataset.source} are not in: load all of a table of FER2013, not image folders"
        )
    try:
        table = pd.read_csv(path)[[*COLUMNS, *NO_EMOTION]].astype(np.int64).to_numpy()
    except (KeyError, ValueError) as error:
        raise FerError(f"{path} is not FER+'s fer2013new.csv ({error}): leave it out") from error
    if len(table) > len(dataset):
        raise FerError(f"{path} has {len(table)} rows, but the data {len(dataset)}: not its votes")
    missing = np.full((len(dataset) - len(table), table.shape[1]), -1)
    return np.concatenate([table, missing])


def agreement(dataset, votes):
    """Return how often FER2013's label is the annotators' majority among its seven classes.

    Args:
        dataset: FER2013.
        votes: int ``(n, 10)`` from ``votes``.

    Returns:
        DataFrame, a row a class and one for ``all``: ``images`` that have a label, votes and
        a majority emotion of FER2013's, ``agreement`` between 0 and 1.
    """
    import pandas as pd

    columns = [COLUMNS.index(_FER2013.get(name, name)) for name in dataset.classes]
    counts = votes[:, columns]
    usable = (dataset.labels >= 0) & (counts.max(axis=1) > 0)
    usable &= counts.max(axis=1) >= votes[:, len(COLUMNS) :].max(axis=1)
    agrees = counts.argmax(axis=1) == dataset.labels
    rows = [
        (name, usable & (dataset.labels == label)) for label, name in enumerate(dataset.classes)
    ]
    rows.append(("all", usable))
    return pd.DataFrame(
        [(name, int(r.sum()), agrees[r].mean() if r.any() else np.nan) for name, r in rows],
        columns=["class", "images", "agreement"],
    ).set_index("class")
