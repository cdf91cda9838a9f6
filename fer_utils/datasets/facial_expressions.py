"""The photographs of the DATA622 in-class competition: eight emotions, most of LFW's people.

``images/`` holds them, ``data/legend.csv`` (``user.id,image,emotion``) says what they show,
``test/`` holds those to predict. The labels are the guesses of a commercial service and of
students: on the 499 photographs that a person labelled again, half agree.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fer_utils import paths
from fer_utils.datasets import label_tables, listings, photographs, policies
from fer_utils.datasets.base import UNKNOWN
from fer_utils.datasets.splits import hold_out
from fer_utils.errors import FerError
from fer_utils.labels import DATA622

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset

EXPECTED = "expected images/, data/legend.csv (user.id,image,emotion) and test/"
_LEGENDS = ("data/legend.csv", "legend.csv")


def load(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    rgb: bool = False,
    valid: float = 0.0,
    seed: int = 0,
    contradicting: str = policies.DROP,
    unmatched: str = policies.DROP,
    unreadable: str = policies.ERROR,
    fit: str = "stretch",
) -> Dataset:
    """Return the photographs: labelled ones are ``train``, those of ``test/`` ``test``.

    Rows follow the paths, training first. A group is a person, known by the file's name
    without its number, together with the photographs of identical pixels. File names serve
    for nothing else. Rows of the legend that repeat one another count once.

    Args:
        root: folder that holds ``images/``; None to look in the usual places.
        size: int or ``(height, width)``; needed, for the photographs have 650 sizes.
        rgb: three channels instead of grey.
        valid: share of the labelled photographs to make ``valid``, see ``splits.hold_out``.
        seed: int, of that choice.
        contradicting: photographs labelled twice and differently: ``drop`` them with a warning
            that counts them, or ``error``.
        unmatched: rows of the legend without a file, and files without a row: ``drop`` or
            ``error``.
        unreadable: images that cannot be read: ``error`` or ``drop``.
        fit: ``stretch``, ``crop`` or ``pad``, see ``photographs.fitted``.

    Returns:
        Dataset; images uint8 ``(n, height, width)``, with ``rgb`` ``(n, height, width, 3)``;
        classes are ``labels.DATA622``; names such as ``test/Al_Pacino_0001.jpg``.

    Raises:
        FerError: there is no such data, or it is damaged; the message names file and line.

    Example:
        >>> faces = load("data/facial_expressions", size=150, valid=0.1)
        >>> faces.images.shape[1:]
        (150, 150)
    """
    root = find(root)
    if root is None:
        raise FerError(f"no facial_expressions found in the usual places: give root; {EXPECTED}")
    legend = _legend_of(root)
    table = label_tables.read(legend, DATA622)
    _settle(root, legend, table, contradicting, unmatched)
    listing = _listing(root, legend, table)
    dataset = listings.to_dataset(listing, size, rgb, fit, unreadable)
    return hold_out(dataset, valid, seed) if valid else dataset


def find(root: str | Path | None = None) -> Path | None:
    """Return the Path of the folder that holds ``images/`` and the legend.

    Args:
        root: that folder or its parent; None to look in the usual places.

    Returns:
        Path; None where no ``root`` is given and nothing is found.

    Raises:
        FerError: ``root`` holds no such data.
    """
    places = paths.data_candidates() if root is None else [Path(root).expanduser().resolve()]
    for place in places:
        for folder in (place, place / "facial_expressions"):
            if _legend_of(folder) and (folder / "images").is_dir():
                return folder
    if root is not None:
        raise FerError(f"{root} holds no facial_expressions: {EXPECTED}")
    return None


def private_labels(root: str | Path | None = None, **options: Any) -> NoReturn:
    """Raise FerError: nobody but Kaggle has the labels of ``test/``."""
    raise FerError("the labels of facial_expressions' test/ are Kaggle's alone: score on valid")


def _legend_of(folder):
    return next((folder / name for name in _LEGENDS if (folder / name).is_file()), None)


def _settle(root, legend, table, contradicting, unmatched):
    """Count what legend and files disagree about."""
    there = {path.name for path in photographs.images_in(root / "images")}
    known = {image for image in table.rows if image not in _without_label(table)}
    policies.settle(
        "contradicting",
        contradicting,
        table.contradicting,
        f"{legend}: {{n}} images have rows that contradict, such as {{example}}",
    )
    policies.settle(
        "unmatched",
        unmatched,
        sorted(known - there),
        f"{legend}: {{n}} rows have no file in images/, such as {{example}}",
    )
    policies.settle(
        "unmatched",
        unmatched,
        sorted(there - known),
        f"{root / 'images'}: {{n}} files have no label in {legend.name}, such as {{example}}",
    )


def _without_label(table):
    return {image for image, label in table.labels.items() if label == UNKNOWN}


def _listing(root, legend, table):
    images = photographs.images_in(root / "images")
    train = [path for path in images if table.labels.get(path.name, UNKNOWN) != UNKNOWN]
    test = photographs.images_in(root / "test") if (root / "test").is_dir() else []
    names = [Path(os.path.relpath(path, root)).as_posix() for path in train + test]
    return listings.Listing(
        root=root,
        names=names,
        labels=[table.labels[path.name] for path in train] + [UNKNOWN] * len(test),
        split=["train"] * len(train) + ["test"] * len(test),
        persons=[photographs.person_of(name) for name in names],
        classes=DATA622,
        name="facial_expressions",
        source=f"{root} ({len(train):,} labelled photographs, {len(test):,} to predict)",
        files=[legend, *images, *test],
    )
