"""FER2013, the data of Kaggle's facial expression recognition challenge, in all its forms.

35,887 grey 48x48 faces of seven expressions (Goodfellow et al. 2013,
https://arxiv.org/abs/1307.0414). What is read is told apart by content, not by file name:

- ``train.csv`` and ``test.csv``, ``fer2013.csv``, ``icml_face_data.csv``; also zipped, or in
  ``fer2013.tar.gz``
- image folders ``train/CLASS/*`` and ``test/CLASS/*``
- tile sheets, see ``tiles``
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import paths
from fer_utils.datasets import cache
from fer_utils.datasets.images import shape_of
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset
    from fer_utils.datasets.fer2013.layouts import Layout


def load(root: str | Path | None = None, size: int | tuple[int, int] | None = None) -> Dataset:
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
    shape, layout = shape_of(size), located(root)
    key = cache.fingerprint(layout.root, layout.files, layout.by_content)
    key += "-{}x{}".format(*shape) if shape else "-own"
    return cache.cached("fer2013", layout.root, key, lambda: _read(layout, shape))


def find(root: str | Path | None = None) -> Path | None:
    """Return the path of FER2013's folder or file.

    Args:
        root: folder or file to look in; None to look in ``FER_UTILS_DATA`` where that is set,
            else in the usual places.

    Returns:
        Path; None where neither is given and nothing is found.

    Raises:
        FerError: the place that was given holds no FER2013, or a usual one holds only a damaged
            one; the message says what is missing.
    """
    from fer_utils.datasets.fer2013 import layouts

    layout = _probed() if root is None else layouts.locate(root)
    return layout and layout.root


def private_labels(
    root: str | Path | None = None, size: int | tuple[int, int] | None = None
) -> np.ndarray:
    """Return the labels of the test rows: for ``evaluation.evaluate_final`` alone.

    Args:
        root: folder or file; None to look in the usual places.
        size: as given to ``load``; labels do not depend on it.

    Returns:
        int8 ``(n,)`` in the order of the Dataset's test rows, -1 where there is none.

    Raises:
        FerError: the source has none of them.
    """
    layout = located(root)
    labels = layout.private_labels()
    if not (labels >= 0).any():
        raise FerError(
            f"{layout.root} has no labels of PrivateTest: they are in Kaggle's fer2013.csv and "
            "icml_face_data.csv"
        )
    return labels


def located(root: str | Path | None = None) -> Layout:
    """Return the layout, which reads the files, of FER2013 at ``root`` or in the usual places.

    Raises:
        FerError: there is none.
    """
    from fer_utils.datasets.fer2013 import layouts

    layout = _probed() if root is None else layouts.locate(root)
    if layout is None:
        raise FerError(
            "no FER2013 found in the usual places: give its path, set FER_UTILS_DATA to it, or "
            f"put the files in data/; {layouts.EXPECTED}"
        )
    return layout


def _probed():
    """Return the layout in ``FER_UTILS_DATA``, else the first in the usual places, or None."""
    from fer_utils.datasets.fer2013 import archives, layouts

    given, problems = os.environ.get("FER_UTILS_DATA"), []
    if given:  # a slip there must not end in other data
        return layouts.locate(given)
    for place in paths.data_candidates():
        layout = layouts.search(paths.resolved(place), problems)
        if layout is not None:
            return layout
    # Another competition's train.csv is no damaged FER2013.
    damaged = [problem for problem in problems if not isinstance(problem, archives.OtherTable)]
    if damaged:
        raise damaged[0]
    return None


def _read(layout, shape):
    from fer_utils.datasets.fer2013.rows import to_dataset

    return to_dataset(layout.rows(shape), shape, layout.hold_out)
