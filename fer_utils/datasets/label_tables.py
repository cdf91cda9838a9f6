"""CSV files that say which emotion an image shows, whatever their columns are called."""

import dataclasses

from fer_utils import reading
from fer_utils.datasets.base import UNKNOWN
from fer_utils.errors import FerError
from fer_utils.labels import class_index

# Headers in public data sets, in lower case. A column that names who gave the label, such as
# ``user.id``, is no person: it must not make a group.
COLUMNS = {
    "image": ("image", "file", "filename", "file_name", "path", "sequence"),
    "label": ("emotion", "label", "class", "expression"),
    "split": ("split", "usage"),
    "person": ("person", "subject"),
}
_REMEDY = "save it as CSV in UTF-8"


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: its line in the file, and the text of its cells, empty if absent."""

    line: int
    image: str
    label: str
    split: str
    person: str


@dataclasses.dataclass(frozen=True)
class Table:
    """What a table says about each image.

    Args:
        labels: dict from image to label, -1 where the cell is empty. Images whose rows
            contradict each other are not in it.
        rows: dict from image to its first Row.
        repeated: how many rows say again what an earlier one said.
        contradicting: list of images that have rows with different labels.
    """

    labels: dict
    rows: dict
    repeated: int
    contradicting: list


def read(path, classes):
    """Return the Table that a CSV file holds.

    Args:
        path: Path of a CSV with a header; UTF-8, any line ends.
        classes: tuple of class names that the labels are looked up in, in any spelling.

    Raises:
        FerError: it cannot be read, a column is missing, or a label has no class; the message
            names file and line.
    """
    labels, first, repeated, contradicting = {}, {}, 0, {}
    for row in rows(path):
        label = _label(path, row, classes)
        if row.image not in first:
            labels[row.image], first[row.image] = label, row
        elif labels[row.image] == label:
            repeated += 1
        else:
            contradicting[row.image] = row.line
    kept = {image: label for image, label in labels.items() if image not in contradicting}
    return Table(kept, first, repeated, list(contradicting))


def rows(path):
    """Return the list of Rows of a CSV file.

    Raises:
        FerError: it cannot be read, the image's or the label's column is missing, or a row has
            another number of fields than the header.
    """
    told, header, places = _opened(path)
    lines = reading.table(path, _REMEDY, told)[1:]
    return [_row(path, line, cells, header, places) for line, cells in lines if any(cells)]


def _opened(path):
    """Return the text of a table, its header, and where in it each of COLUMNS is."""
    told = reading.text(path, _REMEDY).removeprefix("\ufeff")
    head = reading.table(path, _REMEDY, told.split("\n", 1)[0])
    header = [name.strip().lower() for name in (head[0][1] if head else ())]
    places = {key: _place(header, names) for key, names in COLUMNS.items()}
    _check(path, header, places)
    return told, header, places


def is_table(path):
    """Return whether a file has the columns of an image and of its label."""
    try:
        _opened(path)
    except FerError:
        return False
    return True


def _place(header, names):
    return next((header.index(name) for name in names if name in header), None)


def _check(path, header, places):
    for place in places.values():
        if place is not None and header.count(header[place]) > 1:
            raise FerError(f"{path}, line 1: two columns are called {header[place]}: keep one")
    for key in ("image", "label"):
        if places[key] is None:
            raise FerError(
                f"{path}, line 1: the header is {','.join(header)[:60]!r}: expected a column "
                f"for the {key}, named {' or '.join(COLUMNS[key])}"
            )


def _row(path, line, cells, header, places):
    if len(cells) < len(header) or any(cells[len(header) :]):
        raise FerError(
            f"{path}, line {line}: {len(cells)} fields, not the header's {len(header)}: correct "
            "it (a comma within a field needs quotes around the field)"
        )

    def cell(key):
        return "" if places[key] is None else cells[places[key]].strip()

    return Row(line, **{key: cell(key) for key in COLUMNS})


def _label(path, row, classes):
    if not row.label:
        return UNKNOWN
    try:
        return class_index(row.label, classes)
    except FerError as error:
        raise FerError(f"{path}, line {row.line}: {error}; correct or remove the row") from error
