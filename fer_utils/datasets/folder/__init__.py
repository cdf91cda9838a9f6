"""Photographs of one's own: in class folders, or named in a CSV.

- ``ROOT/happy/*.jpg``, all of them ``train``
- ``ROOT/train/happy/*.jpg``, ``ROOT/valid/happy/*.jpg``, ``ROOT/test/*.jpg``; any of these,
  ``test`` with or without class folders
- ``ROOT/labels.csv`` with a column for the image (``image``, ``file``, ``path`` …), one for
  the label (``emotion``, ``label``, ``class`` …), and if wanted ``split`` and ``person``
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils.datasets import listings, policies
from fer_utils.datasets.base import UNKNOWN
from fer_utils.datasets.folder.photos import EXPECTED, photos_in
from fer_utils.datasets.splits import hold_out
from fer_utils.errors import FerError
from fer_utils.labels import FER2013

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


def load(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    rgb: bool = False,
    classes: Sequence[str] = FER2013,
    table: str | Path | None = None,
    persons: Callable[[str], str] | None = None,
    valid: float = 0.0,
    seed: int = 0,
    contradicting: str = policies.DROP,
    unmatched: str = policies.DROP,
    unreadable: str = policies.ERROR,
    fit: str = "stretch",
) -> Dataset:
    """Return the photographs of a folder.

    Rows stand by split, then by path. Labels of ``test`` rows are -1, also where known.

    Args:
        root: the folder.
        size: int or ``(height, width)``; None where all photographs have one size.
        rgb: three channels instead of grey.
        classes: tuple of class names; folders and cells may spell them in any usual way.
        table: CSV to read, relative to ``root``; None for the only CSV that lies there, if
            there are no class folders.
        persons: function from a photograph's path, relative to ``root``, to whom it shows, for
            example ``photographs.person_of``. None where names do not tell: then a group is
            what the table's ``person`` says, else what has identical pixels.
        valid: share of ``train`` to make ``valid``, see ``splits.hold_out``.
        seed: int, of that choice.
        contradicting: photographs that a table labels twice and differently: ``drop`` or
            ``error``.
        unmatched: rows of a table without a file, and files without a row: ``drop`` or
            ``error``.
        unreadable: images that cannot be read: ``error`` or ``drop``.
        fit: ``stretch``, ``crop`` or ``pad``, see ``photographs.fitted``.

    Returns:
        Dataset; images uint8 ``(n, height, width)``, with ``rgb`` ``(n, height, width, 3)``.

    Raises:
        FerError: a class folder or label of unknown name; no photographs; the message names
            the folder, or file and line.

    Example:
        >>> friends = load("data/friends", size=48)
        >>> friends.names[0]
        'happy/anna.jpg'
    """
    folder = find(root)
    if folder is None:
        raise FerError(f"a folder of photographs needs root: {EXPECTED}")
    photos, files = photos_in(folder, classes, table, contradicting, unmatched)
    listing = listings.Listing(
        root=folder,
        names=[photo.name for photo in photos],
        labels=[UNKNOWN if photo.split == "test" else photo.label for photo in photos],
        split=[photo.split for photo in photos],
        persons=[_person(photo, persons) for photo in photos],
        classes=tuple(classes),
        name="folder",
        source=f"{folder} ({len(photos):,} photographs)",
        files=files,
    )
    dataset = listings.to_dataset(listing, size, rgb, fit, unreadable)
    return hold_out(dataset, valid, seed) if valid else dataset


def find(root: str | Path | None = None) -> Path | None:
    """Return the Path of the folder; None where no ``root`` is given.

    Raises:
        FerError: ``root`` is no folder.
    """
    if root is None:
        return None
    folder = Path(root).expanduser().resolve()
    if not folder.is_dir():
        raise FerError(f"{root} is no folder: {EXPECTED}")
    return folder


def private_labels(
    root: str | Path | None = None,
    classes: Sequence[str] = FER2013,
    table: str | Path | None = None,
    **options: Any,
) -> np.ndarray:
    """Return the labels that ``load`` withholds: int8, those of the test rows, in order.

    Takes the arguments of ``load``. For ``evaluation.evaluate_final`` alone.

    Raises:
        FerError: there are none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # load has said it before
        dataset = load(root, classes=classes, table=table, **options)
        photos, _ = photos_in(find(root), classes, table, policies.DROP, policies.DROP)
    known = {photo.name: photo.label for photo in photos}
    labels = np.array([known[name] for name in dataset.names[dataset.rows("test")]], np.int8)
    if not (labels >= 0).any():
        raise FerError(f"{root}: its test photographs have no labels")
    return labels


def _person(photo, persons):
    if persons is not None:
        return persons(photo.name)
    return ("person", photo.person) if photo.person else ("photo", photo.name)
