"""FER2013 as tables: which of several to read, and the labels that one adds to another."""

import dataclasses
import warnings
from pathlib import Path

import numpy as np

from fer_utils.datasets.fer2013 import csv_pixels
from fer_utils.datasets.fer2013.rows import PRIVATE, PUBLIC, SIDE, USAGES, Rows
from fer_utils.errors import FerError

_KINDS = ("plain", "zip", "tar")  # fastest first
NAMES = ("train", "test", "icml_face_data", "fer2013")
_SCAN = 1 << 20  # bytes looked through at a time


@dataclasses.dataclass(frozen=True)
class TableLayout:
    """Tables that lie together.

    Args:
        root: Path of their folder, or of the one file that was asked for.
        tables: tuple of Table.
        pair_first: read train and test table even where a table with all parts is there.
    """

    root: Path
    tables: tuple
    pair_first: bool = False
    rank = 0  # of several forms in one folder the lowest is read
    by_content = True  # what the cache knows the source by
    hold_out = False

    @property
    def files(self):
        """The files that the result depends on."""
        return sorted({table.path for table in self.tables})

    def of_part(self, part):
        """Return the tables of a part, best first."""

        def rank(table):
            name = Path(table.member or table.path).name.lower()
            return _KINDS.index(table.kind), name.split(".")[0] not in NAMES, str(table)

        return sorted((t for t in self.tables if t.part == part), key=rank)

    @property
    def missing(self):
        """What the tables lack to be FER2013; an empty text where they have all."""
        if self.of_part("usage") or (self.of_part("train") and self.of_part("test")):
            return ""
        return "test.csv" if self.of_part("train") else "train.csv"

    def rows(self, shape=None):
        """Return the Rows of the best source."""
        usage, pair = self._chosen()
        if pair is None:
            return self._from_one(usage[0])
        train, test = pair
        return self._from_pair(train, test, usage)

    def private_labels(self):
        """Return int8 ``(n,)``, the labels of PrivateTest, -1 where the source has none."""
        usage, pair = self._chosen()
        if pair is not None:
            return np.full(0, -1, np.int8)
        parsed = csv_pixels.read(usage[0], only=PRIVATE, pixels=False)
        return parsed.labels

    def _chosen(self):
        """Return (tables with Usage, best first; (train, test) or None)."""
        usage = self.of_part("usage")
        parts = [tables[0] for p in ("train", "test") if (tables := self.of_part(p))]
        pair = (parts[0], parts[1]) if len(parts) == 2 else None
        if pair and self.pair_first:
            return usage, pair
        if usage and (pair or len(usage) > 1):
            complete = next((table for table in usage if _has_all_parts(table)), None)
            if complete:
                return [complete], None
        return usage, pair

    def _from_one(self, table):
        parsed = _read(table)
        return Rows(_images(parsed.blocks), parsed.labels, parsed.usage, str(table))

    def _from_pair(self, train, test, usage):
        known, withheld = _read(train), _read(test)
        n_train, n_test = len(known.labels), len(withheld.labels)
        if n_test % 2:
            raise FerError(
                f"{test}: {n_test:,} rows, an odd number, where PublicTest and PrivateTest are "
                "halves of it: download the file again"
            )
        images = _images(known.blocks + withheld.blocks)
        public = slice(n_train, n_train + n_test // 2)
        labels = np.full(n_train + n_test, -1, np.int8)
        labels[:n_train] = known.labels
        found = _public_labels(usage, images[public])
        if found is not None:
            labels[public] = found[1]
        codes = np.repeat(np.arange(3, dtype=np.int8), (n_train, n_test // 2, n_test // 2))
        source = f"{train} + {Path(test.path).name}"
        if found is not None:
            source += f", PublicTest labels from {found[0].path.name}"
        return Rows(images, labels, codes, source)


def _read(table):
    parsed = csv_pixels.read(table)
    if not len(parsed.labels):
        raise FerError(f"{table} has a header but no rows: download the file again")
    return parsed


def _images(blocks):
    return np.concatenate(blocks).reshape(-1, SIDE, SIDE)


def _has_all_parts(table):
    """Return whether rows of all three usages are in the table."""
    missing = {name.encode() for name in USAGES}
    with table.open() as stream:
        before = b""
        while missing and (piece := stream.read(_SCAN)):
            text = before + piece
            missing = {name for name in missing if name not in text}
            before = piece[-16:]  # a name may lie across two pieces
    return not missing


def _public_labels(usage, images):
    """Return (Table, int8 labels of these PublicTest images) or None with a warning why."""
    why = "no file with Usage lies beside the test table"
    for table in usage:
        parsed = csv_pixels.read(table, only=PUBLIC)
        if len(parsed.labels) != len(images):
            why = f"{table} has {len(parsed.labels):,} of its rows, the test table {len(images):,}"
        elif not np.array_equal(np.concatenate(parsed.blocks), images.reshape(len(images), -1)):
            why = f"its pixels in {table} are not those of the test table"
        else:
            return table, parsed.labels
    warnings.warn(f"the labels of PublicTest stay unknown: {why}", stacklevel=2)
    return None
