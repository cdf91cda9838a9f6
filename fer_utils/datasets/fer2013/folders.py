"""FER2013 as image folders, ``train/CLASS/*`` and ``test/CLASS/*``."""

import collections
import dataclasses
import hashlib
import itertools
import os
from pathlib import Path

import numpy as np

from fer_utils.datasets import images
from fer_utils.datasets.base import UNKNOWN
from fer_utils.datasets.fer2013.archives import reading
from fer_utils.datasets.fer2013.rows import PRIVATE, PUBLIC, SIDE, TRAINING, Rows
from fer_utils.errors import FerError
from fer_utils.labels import class_index

SUFFIXES = (".png", ".jpg", ".jpeg")
LARGEST = 50_000_000  # pixels of an image
MOST = 8 << 30  # pixels of all images; in FER2013's own size they have 83 million
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

    def rows(self, shape=None):
        """Return the Rows: training first, then by name.

        Images of several sizes are resized to ``shape``, else to 48x48.
        """
        listing = self._named()
        if not any(usage == TRAINING for _, _, usage, _ in listing):
            raise FerError(f"{self.root}: no .png or .jpg in the training folders: {_EXPECTED}")
        names, files, usages, labels = zip(*listing, strict=True)
        return Rows(
            _pictures(files, shape or (SIDE, SIDE)),
            labels=np.array(labels, np.int8),
            usage=np.array(usages, np.int8),
            source=f"{self.root} (image folders)",
            names=list(names),
        )

    def private_labels(self):
        """Return int8 ``(n,)``, the labels of the test rows, -1 where they have none."""
        return np.array([x for _, _, usage, x in self._named() if usage == PRIVATE], np.int8)

    def _named(self):
        """Return a list of (name, Path, usage, label) in the order of the rows."""
        rows = [(p.relative_to(self.root).as_posix(), p, u, x) for p, u, x in self._listing()]
        return [row for row in rows if row[2] != PRIVATE] + self._without_class(rows)

    def _without_class(self, rows):
        """Return the test rows by a name without the class folder, which would tell the label.

        Files of one name in several class folders get a number; by what is in them, as the
        order of their folders would tell the label too.
        """
        part = dict(self.parts).get(PRIVATE, self.root).relative_to(self.root)
        same = collections.defaultdict(list)
        for _, path, usage, label in rows:
            if usage == PRIVATE:
                same[(part / path.name).as_posix()].append((path, usage, label))
        named = {name: found[0] for name, found in same.items() if len(found) == 1}
        for name, found in same.items():
            if len(found) > 1:
                for row in sorted(found, key=lambda row: _digest(row[0])):
                    named[_free(name, same, named)] = row
        return [(name, *row) for name, row in sorted(named.items())]

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


def _pictures(files, shape):
    """Return uint8 ``(n, height, width)``, as ``shape`` where they have several sizes."""
    pictures, several = [], False
    for path in files:
        picture = images.grey(path, LARGEST, "replace or remove it")
        if not several and pictures and picture.shape != pictures[0].shape:
            several, pictures = True, list(images.all_resized(pictures, shape))
        # At once: thousands of photographs would not fit into memory.
        pictures.append(images.all_resized([picture], shape)[0] if several else picture)
        if picture.size * len(pictures) > MOST and not several:
            raise FerError(f"{path.parent}: images of {picture.size:,} pixels: shrink them")
    return np.asarray(pictures)


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


def _digest(path):
    with reading(path):
        return hashlib.blake2b(path.read_bytes()).digest()


def _free(name, *taken):
    """Return the name with the first number before its suffix that makes it a new one."""
    path = Path(name)
    numbered = (path.with_stem(f"{path.stem}-{i}").as_posix() for i in itertools.count(1))
    return next(name for name in numbered if not any(name in names for names in taken))
