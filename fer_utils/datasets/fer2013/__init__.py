"""FER2013, the data of Kaggle's facial expression recognition challenge, in all its forms.

35,887 grey 48x48 faces of seven expressions (Goodfellow et al. 2013,
https://arxiv.org/abs/1307.0414). What is read is told apart by content, not by file name:

- ``train.csv`` and ``test.csv``, ``fer2013.csv``, ``icml_face_data.csv``; also zipped, or in
  ``fer2013.tar.gz``
- image folders ``train/CLASS/*`` and ``test/CLASS/*``
- tile sheets, see ``tiles``
"""

import os
import warnings

from fer_utils import paths
from fer_utils.datasets import cache
from fer_utils.errors import FerError


def load(root=None, size=None):
    """Return FER2013.

    Training is ``train``, PublicTest ``valid``, PrivateTest ``test``, in this order. Labels of
    the test rows are -1, also where the files have them.

    Args:
        root: folder or file; None to look in the usual places.
        size: int or ``(height, width)`` to resize to; None for 48x48.

    Returns:
        Dataset; images uint8 ``(n, 48, 48)``, 0-255, read-only. It comes from the cache
        where the same files were read before.

    Raises:
        FerError: there is no such data, or it is damaged; the message names file and row.

    Example:
        >>> faces = load("data/train.csv")
        >>> faces.images.shape
        (35887, 48, 48)
    """
    layout = _located(root)
    height, width = _shape(size)
    key = cache.fingerprint(layout.root, layout.files, layout.by_content)
    key += f"-{height}x{width}" if size is not None else "-own"
    return cache.cached("fer2013", layout.root, key, lambda: _read(layout, size))


def find(root=None):
    """Return the path of FER2013's folder or file.

    Args:
        root: folder or file to look in; None to look in the usual places, to which
            ``FER_UTILS_DATA`` belongs.

    Returns:
        Path; None where no ``root`` is given and nothing is found.

    Raises:
        FerError: ``root`` holds no FER2013; the message says what is missing.
    """
    from fer_utils.datasets.fer2013 import layouts

    layout = _probed() if root is None else layouts.locate(root)
    return layout and layout.root


def private_labels(root=None):
    """Return the labels of the test rows: for ``evaluation.evaluate_final`` alone.

    Args:
        root: folder or file; None to look in the usual places.

    Returns:
        int8 ``(n,)`` in the order of the Dataset's test rows, -1 where there is none.

    Raises:
        FerError: the source has none of them.
    """
    layout = _located(root)
    labels = layout.private_labels()
    if not (labels >= 0).any():
        raise FerError(
            f"{layout.root} has no labels of PrivateTest: they are in Kaggle's fer2013.csv and "
            "icml_face_data.csv"
        )
    return labels


def _located(root):
    from fer_utils.datasets.fer2013 import layouts

    layout = _probed() if root is None else layouts.locate(root)
    if layout is None:
        raise FerError(
            "no FER2013 found in the usual places: give its path, set FER_UTILS_DATA to it, or "
            f"put the files in data/; {layouts.EXPECTED}"
        )
    return layout


def _probed():
    """Return the first layout in the usual places, or None."""
    given, problems = os.environ.get("FER_UTILS_DATA"), []
    for place in paths.data_candidates():
        layout = _of_place(place, problems)
        if layout is not None:
            return layout
    if problems:
        warnings.warn(f"no FER2013 found, but {problems[0]}", stacklevel=3)
    elif given:
        warnings.warn(f"no FER2013 found, also not in FER_UTILS_DATA={given}", stacklevel=3)
    return None


def _of_place(place, problems):
    from fer_utils.datasets.fer2013 import layouts

    if not place.is_file():
        return layouts.search(place.resolve(), problems)
    try:
        return layouts.locate(place)
    except FerError as error:
        problems.append(error)
        return None


def _shape(size):
    shape = (size, size) if size is None or not hasattr(size, "__len__") else tuple(size)
    if size is not None and not (len(shape) == 2 and all(1 <= side <= 4096 for side in shape)):
        raise FerError(f"size {size!r} is not a number of pixels: give for example 48 or (48, 64)")
    return shape


def _read(layout, size):
    from fer_utils.datasets.fer2013.rows import to_dataset

    return to_dataset(layout.rows(size), size, layout.hold_out)
