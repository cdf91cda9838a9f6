"""FER2013 as image folders, ``train/CLASS/*`` and ``test/CLASS/*``."""

import dataclasses
import os
import warnings
from pathlib import Path

import numpy as np

from fer_utils.datasets.base import UNKNOWN
from fer_utils.datasets.fer2013.rows import (
    PRIVATE,
    PUBLIC,
    SIDE,
    TRAINING,
    Rows,
    resized_image,
)
from fer_utils.errors import FerError
from fer_utils.labels import class_index

SUFFIXES = (".png", ".jpg", ".jpeg")
LARGEST = 50_000_000  # pixels of an image
_USAGE_OF = {  # folder names of public copies, in lower case
    "train": TRAINING,
    "training": TRAINING,
    "valid": PUBLIC,
    "validation": PUBLIC,
    "val": PUBLIC,
    "publictest": PUBLIC,
    "test": PRIVATE,
    "testing": PRIVATE,
    "privatetest": PRIVATE,
}


@dataclasses.dataclass(frozen=True)
class FolderLayout:
    """Image folders.

    Where there is no folder of its own for ``valid``, test/ mixes PublicTest and
    PrivateTest: all of it is ``test`` then, and ``valid`` is taken from ``train``.

    Args:
        root: Path of the folder that holds them.
        parts: tuple of (usage, Path), training first.
    """

    root: Path
    parts: tuple
    rank = 2
    by_content = False  # hashing 35,887 files would take longer than reading them

    @property
    def hold_out(self):
        """Whether ``valid`` is to be taken from ``train``."""
        return PUBLIC not in dict(self.parts)

    @property
    def missing(self):
        """What is not there; an empty text where all is."""
        usages = dict(self.parts)
        if TRAINING not in usages:
            return "train/"
        return "" if len(usages) > 1 else "test/"

    @property
    def files(self):
        """The files that the result depends on."""
        return [path for path, _, _ in self._listing()]

    def classes(self):
        """Yield (usage, label, Path) of each class folder.

        Raises:
            FerError: a folder with an unknown name.
        """
        for usage, part in self.parts:
            for folder in sorted(_visible(part)):
                if folder.is_dir():
                    yield usage, _label(folder), folder

    def rows(self, size=None):
        """Return the Rows: training first, then by path.

        Images of several sizes are resized to ``size``, else to 48.
        """
        listing = self._listing()
        if not any(usage == TRAINING for _, usage, _ in listing):
            raise FerError(f"{self.root}: no .png or .jpg in the training folders: {_EXPECTED}")
        images = _same_size([_decode(path) for path, _, _ in listing], size)
        return Rows(
            images,
            labels=np.array([label for _, _, label in listing], np.int8),
            usage=np.array([usage for _, usage, _ in listing], np.int8),
            source=f"{self.root} (image folders)",
            names=[path.relative_to(self.root).as_posix() for path, _, _ in listing],
        )

    def private_labels(self):
        """Return int8 ``(n,)``, the labels of the test rows, -1 where they have none."""
        return np.array([x for _, usage, x in self._listing() if usage == PRIVATE], np.int8)

    def _listing(self):
        """Return a list of (Path, usage, label), training first, then by path."""
        listing = [
            (path, usage, label)
            for usage, label, folder in self.classes()
            for path in _images_in(folder)
        ]
        for usage, part in self.parts:
            if usage != TRAINING:  # test images may lie unsorted, as they do in competitions
                listing += [(path, usage, UNKNOWN) for path in _images_in(part)]
        return sorted(listing, key=lambda row: (row[1], row[0].as_posix()))


_EXPECTED = "expected train/CLASS/*.png and test/CLASS/*.png"


def parts_of(folders):
    """Return the tuple of (usage, Path) of those folders whose name says a part."""
    parts = {_USAGE_OF[f.name.lower()]: f for f in folders if f.name.lower() in _USAGE_OF}
    return tuple(sorted(parts.items()))


def has_classes(folder):
    """Return whether any folder in this one has the name of a class."""
    for inner in _visible(folder):
        try:
            if inner.is_dir() and _label(inner) >= 0:
                return True
        except FerError:
            continue
    return False


def _label(folder):
    try:
        return class_index(folder.name)
    except FerError as error:
        raise FerError(f"{folder}: {error}; rename or remove the folder") from error


def _visible(folder):
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.name[0] not in "._"]
    except OSError as error:
        raise FerError(f"{folder} cannot be read ({error.strerror}): check permissions") from error


def _images_in(folder):
    return [path for path in _visible(folder) if path.suffix.lower() in SUFFIXES]


def _decode(path):
    """Return an image file as uint8 ``(height, width)``, grey."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # own limit below
            with Image.open(path) as image:
                _check(path, image)
                return np.asarray(image if image.mode == "L" else image.convert("L"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FerError(f"{path} is no readable image: replace or remove it") from error


def _check(path, image):
    if image.width * image.height > LARGEST:
        size = f"{image.width}x{image.height}"
        raise FerError(f"{path} has {size} pixels, too many for a face: shrink or remove it")
    if image.mode[0] in "IF":
        raise FerError(f"{path} has more than 8 bits a pixel: save it with 8, or remove it")


def _same_size(images, size):
    """Return uint8 ``(n, height, width)``."""
    if len({image.shape for image in images}) == 1:
        return np.stack(images)
    size = SIDE if size is None else size
    shape = (size, size) if isinstance(size, int | np.integer) else tuple(size)
    return np.stack([x if x.shape == shape else resized_image(x, shape) for x in images])
