"""Finds FER2013 under a folder, in whichever of its forms."""

import itertools
import os
from pathlib import Path

from fer_utils import paths
from fer_utils.datasets.fer2013 import archives, folders
from fer_utils.datasets.fer2013.archives import TEXTS
from fer_utils.datasets.fer2013.tables import NAMES, TableLayout
from fer_utils.datasets.fer2013.tiles import SheetLayout
from fer_utils.errors import FerError

EXPECTED = (
    "expected train.csv and test.csv, fer2013.csv or icml_face_data.csv (also in .zip or "
    ".tar.gz), image folders train/ and test/, or labels.csv with tile sheets"
)
Layout = TableLayout | SheetLayout | folders.FolderLayout
DEPTH = 2  # levels below the given folder
_ENTRIES = 10_000  # of a folder that are looked at
_FILES = 100  # of a folder whose first bytes are looked at
_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz")
_TAR_LIMIT = 1 << 30  # bytes; a larger archive is not FER2013's, and slow to look through


def locate(root):
    """Return the layout of FER2013 at ``root``.

    Args:
        root: folder (or a parent of it, two levels up at most) or file.

    Raises:
        FerError: it is not there; the message says what is missing or damaged.
    """
    root = paths.resolved(root)
    with archives.reading(root):  # the name may be too long, a folder above it closed
        exists, is_file = root.exists(), root.is_file()
    if not exists:
        raise FerError(f"{root} does not exist: {EXPECTED}")
    if is_file:
        return _of_file(root)
    problems = []
    layout = search(root, problems)
    if layout is None:
        raise problems[0] if problems else FerError(f"{root} holds no FER2013: {EXPECTED}")
    return layout


def search(root, problems):
    """Return the layout nearest to the top of a folder, or None.

    Args:
        root: Path of a folder, which need not exist.
        problems: list that takes the FerErrors of what looks like FER2013 but is damaged.
    """
    level = [root] if os.path.isdir(root) else []  # unlike Path's it never raises
    for _ in range(DEPTH + 1):
        found, below = [], []
        for folder in level:
            files, inner = _entries(folder)
            found += _layouts(folder, files, inner, problems)
            below += inner
        if found:
            return min(found, key=lambda layout: layout.rank)
        level = below[:_FILES]
    return None


def _entries(folder):
    """Return (files, folders) in a folder, two sorted lists of Path.

    Hidden ones are left out, and links that lead nowhere or in a circle.
    """
    try:
        with os.scandir(folder) as found:
            entries = [e for e in itertools.islice(found, _ENTRIES) if e.name[0] not in "._"]
    except OSError:
        return [], []
    files = sorted(Path(e.path) for e in entries if _holds(e.is_file))
    return files, sorted(Path(e.path) for e in entries if _holds(e.is_dir))


def _holds(is_kind):
    try:
        return is_kind()
    except OSError:  # a link in a circle
        return False


def _layouts(folder, files, inner, problems):
    """Return the complete layouts that a folder holds; what is amiss goes to ``problems``."""
    tables = _tables(files, problems)
    labels = [table for table in tables if table.part == "labels"]
    tables = tuple(table for table in tables if table.part in ("usage", "train", "test"))
    parts = folders.parts_of(inner)
    found: list[Layout] = [TableLayout(folder, tables)] if tables else []
    found += [SheetLayout(folder, table) for table in labels]
    if parts and any(folders.has_classes(path) for _, path in parts):
        found.append(folders.FolderLayout(folder, parts))
    return [layout for layout in found if _complete(layout, problems)]


def _complete(layout, problems):
    if layout.missing:
        problems.append(FerError(f"{layout.root} lacks {layout.missing}: {EXPECTED}"))
        return False
    try:
        list(layout.classes() if layout.rank == folders.FolderLayout.rank else ())
    except FerError as error:
        problems.append(error)
        return False
    return True


def _tables(files, problems):
    """Return the Tables in these files.

    A .tar.gz has to be unpacked to be looked at: that is left out where it adds nothing.
    """
    plain = [path for path in files if path.suffix.lower() in (*TEXTS, ".zip")][:_FILES]
    packed = [path for path in files if path.suffix.lower() in _ARCHIVES and path not in plain]
    tables = [table for path in plain for table in _look(path, problems)]
    for path in packed[:_FILES]:
        if not any(table.part == "usage" for table in tables) and _small(path):
            tables += _look(path, problems)
    return tables


def _small(path):
    return path.stat().st_size <= _TAR_LIMIT


def _look(path, problems):
    """Return the Tables of one file; where it has none but should, say so in ``problems``."""
    expected = path.name.lower().split(".")[0] in (*NAMES, "labels")
    try:
        tables = [table for table in archives.tables_in(path) if table.part]
    except FerError as error:
        if expected:
            problems.append(error)
        return []
    if expected and not tables and path.suffix.lower() in TEXTS:
        problems.append(archives.wrong_header(path))
    return tables


def _of_file(path):
    """Return the layout of one file that was asked for by name."""
    tables = [table for table in archives.tables_in(path) if table.part]
    if not tables:
        if path.suffix.lower() in _ARCHIVES:
            raise FerError(f"{path} holds no table of FER2013: {EXPECTED}")
        raise archives.wrong_header(path)
    if tables[0].part == "labels":
        layout: Layout = SheetLayout(path.parent, tables[0])
    else:
        layout = TableLayout(path, tuple(tables))
        if layout.missing:  # train.csv or test.csv alone: the other lies beside it
            layout = TableLayout(path, tuple(tables) + _beside(path, tables), pair_first=True)
    if layout.missing:
        raise FerError(f"{path}: {layout.missing} is missing beside it: {EXPECTED}")
    return layout


def _beside(path, tables):
    has = {table.part for table in tables}
    others = _tables([other for other in _entries(path.parent)[0] if other != path], [])
    return tuple(table for table in others if table.part not in has)
