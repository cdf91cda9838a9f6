"""Which photographs a folder holds, and what they show."""

import dataclasses

from fer_utils.datasets import label_tables, photographs, policies
from fer_utils.datasets.base import SPLITS, UNKNOWN
from fer_utils.errors import FerError
from fer_utils.labels import class_index, mapping

EXPECTED = (
    "expected class folders such as happy/, in train/, valid/ and test/ if wanted, or a CSV with "
    "the columns image,emotion"
)
# Names of the parts in public data sets, in lower case.
_SPLIT_OF = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "publictest": "valid",
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}


@dataclasses.dataclass(frozen=True)
class Photo:
    """One photograph.

    Args:
        name: path relative to the folder, with ``/``.
        label: int, -1 where unknown.
        split: ``train``, ``valid`` or ``test``.
        person: who it shows, as a table says; empty where it does not.
    """

    name: str
    label: int
    split: str
    person: str


def photos_in(folder, classes, table, contradicting, unmatched):
    """Find the photographs of a folder.

    Args:
        folder: Path.
        classes: tuple of class names.
        table: CSV to read, relative to the folder; None to look for class folders, then a CSV.
        contradicting: policy for photographs that a table labels differently.
        unmatched: policy for rows without file, and files without row.

    Returns:
        ``(photos, files)``: list of Photo by split and path, and list of the Paths that they
        depend on.

    Raises:
        FerError: nothing is found, or a name or a row has no class.
    """
    parts = _parts(folder)
    if table is None and not _any_class(parts, classes):
        table = _only_table(folder)
    if table is not None:
        path = folder / table
        photos = _of_table(folder, path, classes, contradicting, unmatched)
        files = [path]
    else:
        photos, files = _of_folders(folder, parts, classes), []
    photos.sort(key=lambda photo: (SPLITS.index(photo.split), photo.name))
    return photos, files + [folder / photo.name for photo in photos]


def _parts(folder):
    """Return a list of (split, Path): the folder itself, or those in it named after splits."""
    inner = [(_SPLIT_OF.get(path.name.lower()), path) for path in _folders(folder)]
    return [part for part in inner if part[0]] or [("train", folder)]


def _folders(folder):
    return sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] not in "._")


def _of_folders(folder, parts, classes):
    photos = []
    for split, part in parts:
        for inner in _folders(part):
            label = _label(inner, classes)
            photos += [(path, label, split) for path in photographs.images_in(inner)]
        if split == "test":  # photographs to predict may lie unsorted
            photos += [(path, UNKNOWN, split) for path in photographs.images_in(part)]
    return [Photo(p.relative_to(folder).as_posix(), x, split, "") for p, x, split in photos]


def _label(folder, classes):
    try:
        return class_index(folder.name, classes)
    except FerError as error:
        hint = "rename or remove the folder, or give classes (labels.DATA622 has contempt)"
        raise FerError(f"{folder}: {error}; {hint}") from error


def _any_class(parts, classes):
    names = [inner.name for _, part in parts for inner in _folders(part)]
    return any(index >= 0 for index in mapping(names, classes))


def _only_table(folder):
    """Return the name of the one CSV that says what is what; None to try the folders."""
    found = [path.name for path in sorted(folder.glob("*.csv")) if label_tables.is_table(path)]
    if len(found) > 1:
        raise FerError(f"{folder} holds {', '.join(found)}: say which with table=")
    if not found and not _folders(folder):
        raise FerError(f"{folder} holds no labelled photographs: {EXPECTED}")
    return found[0] if found else None


def _of_table(folder, path, classes, contradicting, unmatched):
    table = label_tables.read(path, classes)
    policies.settle(
        "contradicting",
        contradicting,
        table.contradicting,
        f"{path}: {{n}} images have rows that contradict, such as {{example}}",
    )
    there = _images_below(folder)
    file_of = {name: _file_of(name, there) for name in table.rows}
    missing = [name for name, file in file_of.items() if file is None]
    says = f"{path}: {{n}} rows have no file, such as {{example}}"
    policies.settle("unmatched", unmatched, missing, says)
    others = sorted(set().union(*there.values()) - set(file_of.values()))
    says = f"{folder}: {{n}} files have no row in {path.name}, such as {{example}}"
    policies.settle("unmatched", unmatched, others, says)
    return [
        Photo(file_of[name], label, _split(path, table.rows[name]), table.rows[name].person)
        for name, label in table.labels.items()
        if file_of[name]
    ]


def _images_below(folder):
    """Return a dict from file name to the set of paths that have it, two levels down."""
    folders = [folder, *_folders(folder)]
    folders += [below for inner in folders[1:] for below in _folders(inner)]
    there = {}
    for path in (path for inner in folders for path in photographs.images_in(inner)):
        there.setdefault(path.name, set()).add(path.relative_to(folder).as_posix())
    return there


def _file_of(name, there):
    """Return the path of the file that a cell names, by its path or by its name alone."""
    path = name.replace("\\", "/").removeprefix("./")
    same_name = there.get(path.rsplit("/", 1)[-1], set())
    ends = [file for file in same_name if file == path or file.endswith("/" + path)]
    return path if path in ends else ends[0] if len(ends) == 1 else None


def _split(path, row):
    if row.split.lower() not in ("", *_SPLIT_OF):
        expected = ", ".join(SPLITS)
        raise FerError(f"{path}, line {row.line}: split {row.split!r}: expected {expected}")
    return _SPLIT_OF.get(row.split.lower(), "train")
