"""FER2013 as tile sheets: a lossless PNG for each part, and their labels in a table.

``labels.csv`` has ``emotion,Usage``, one row an image; ``Training.png``, ``PublicTest.png``
and ``PrivateTest.png`` hold the images of each Usage in that order as 48x48 tiles, 64 a
row, the last row filled up with black. A fifth of the size of the tables.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np

from fer_utils import paths, runs
from fer_utils.datasets import images
from fer_utils.datasets.fer2013 import csv_pixels
from fer_utils.datasets.fer2013.archives import Table, tables_in
from fer_utils.datasets.fer2013.csv_faults import AGAIN, fault
from fer_utils.datasets.fer2013.rows import PRIVATE, SIDE, USAGES, Rows, in_order
from fer_utils.errors import FerError

COLUMNS = 64  # tiles a row
LABELS = "labels.csv"
_LONGEST = 16 << 20  # bytes of the labels; FER2013's have 0.4 million
_LARGEST = 150_000_000  # pixels of a sheet; Training has 66 million


@dataclasses.dataclass(frozen=True)
class SheetLayout:
    """Tile sheets in a folder.

    Args:
        root: Path of the folder.
        table: Table of their labels.
    """

    root: Path
    table: Table
    rank = 1
    by_content = True
    hold_out = False

    @property
    def files(self):
        """The files that the result depends on."""
        sheets = (self.root / f"{name}.png" for name in USAGES)
        return [self.table.path, *(sheet for sheet in sheets if sheet.is_file())]

    @property
    def missing(self):
        """The sheets that are not there; an empty text where one is."""
        return "" if len(self.files) > 1 else ", ".join(f"{name}.png" for name in USAGES)

    def rows(self, shape=None):
        """Return the Rows, Training first."""
        labels, usage = _read_labels(self.table)
        order = in_order(usage)
        counts = np.bincount(usage, minlength=3)
        places = [self.root / f"{name}.png" for name in USAGES]
        pairs = zip(places, counts, strict=True)
        sheets = [_read_sheet(path, n) for path, n in pairs if n or path.is_file()]
        return Rows(np.concatenate(sheets), labels[order], usage[order], f"{self.root} (sheets)")

    def private_labels(self):
        """Return int8 ``(n,)``, the labels of PrivateTest, -1 where the source has none."""
        labels, usage = _read_labels(self.table)
        return labels[usage == PRIVATE]


def _read_labels(table):
    """Return (labels, usage), two int8 ``(n,)``."""
    with table.open() as stream:
        text = stream.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise FerError(f"{table} has more than {_LONGEST >> 20} MB: {AGAIN}")
    lines = text.split(b"\n")
    pairs = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = [cell.strip(csv_pixels.QUOTES) for cell in line.split(b",")]
        if len(cells) != len(table.columns):
            what = f"{len(cells)} fields, not {len(table.columns)}: correct it, or {AGAIN}"
            raise fault(table, number, what)
        row = dict(zip(table.columns, cells, strict=True))
        pairs.append(csv_pixels.label_and_usage(table, number, row))
    if not pairs:
        raise FerError(f"{table} has a header but no rows: {AGAIN}")
    labels, usage = np.array(pairs, np.int8).T
    return labels, usage


def _read_sheet(path, n):
    """Return uint8 ``(n, 48, 48)``, the first n tiles of a sheet."""
    if not path.is_file():
        raise FerError(f"{path} is missing: {LABELS} lists {n:,} images of it; {AGAIN}")
    sheet = images.grey(path, _LARGEST, f"pack it again, or {AGAIN}", exact=True)
    rows, columns = sheet.shape[0] // SIDE, sheet.shape[1] // SIDE
    if sheet.shape[0] % SIDE or sheet.shape[1] % SIDE or rows != -(-n // max(columns, 1)):
        size = f"{sheet.shape[1]}x{sheet.shape[0]}"
        raise FerError(
            f"{path} has {rows} rows of {columns} tiles ({size} pixels), which does not fit the "
            f"{n:,} images in {LABELS}: pack it again, or {AGAIN}"
        )
    tiles = sheet.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)
    if tiles[n:].any():
        raise FerError(f"{path} has more images than the {n:,} in {LABELS}: {AGAIN}")
    return tiles[:n]


def pack(root, out):
    """Write FER2013 as tile sheets, from which ``load`` reads the identical Dataset.

    The labels of PrivateTest are among them where the source has them. The folder appears
    whole or not at all. What equals an existing pack is not written again.

    Args:
        root: folder or file to read; None to look in the usual places.
        out: folder to write to; new, empty, or an equal pack.

    Returns:
        Path of the folder.

    Raises:
        FerError: nothing to read; ``out`` holds something else or cannot be written.
    """
    from fer_utils.datasets import fer2013

    layout, out = fer2013.located(root), paths.resolved(out)
    if layout.rank > SheetLayout.rank:
        raise FerError(f"{layout.root}: image folders cannot be packed: their rows have no Usage")
    rows = layout.rows()
    order = in_order(rows.usage)
    rows = Rows(rows.images[order], rows.labels[order], rows.usage[order], rows.source)
    if os.path.exists(out) and (not out.is_dir() or any(out.iterdir())):
        if _holds(out, rows):
            return out
        raise FerError(f"{out} exists and holds something else: choose another folder")
    with runs.whole_folder(out) as part:
        _write(part, rows)
    return out


def _holds(folder, rows):
    try:
        tables = tables_in(folder / LABELS)
        held = SheetLayout(folder, tables[0]).rows()
    except (FerError, IndexError):
        return False
    same = (
        np.array_equal(getattr(held, f), getattr(rows, f)) for f in ("usage", "labels", "images")
    )
    return all(same)


def _write(folder, rows):
    from PIL import Image

    for code, name in enumerate(USAGES):
        faces = rows.images[rows.usage == code]
        if len(faces):
            count = -(-len(faces) // COLUMNS)
            tiles = np.zeros((count * COLUMNS, SIDE, SIDE), np.uint8)
            tiles[: len(faces)] = faces
            sheet = tiles.reshape(count, COLUMNS, SIDE, SIDE).swapaxes(1, 2)
            picture = Image.fromarray(sheet.reshape(count * SIDE, -1))
            (folder / f"{name}.png").write_bytes(images.encoded(picture, "PNG"))
    lines = (
        f"{label if label >= 0 else ''},{USAGES[usage]}\n"
        for label, usage in zip(rows.labels.tolist(), rows.usage.tolist(), strict=True)
    )
    (folder / LABELS).write_text("emotion,Usage\n" + "".join(lines), encoding="utf-8", newline="")
