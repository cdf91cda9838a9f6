"""CSV files that say which emotion an image shows, whatever their columns are called."""

import csv
import dataclasses

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
        FerError: it cannot be read, or the image's or the label's column is missing.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            places = {key: _place(header, names) for key, names in COLUMNS.items()}
            _check(path, header, places)
            return [_row(reader.line_num, cells, places) for cells in reader if any(cells)]
    except UnicodeDecodeError as error:
        raise FerError(f"{path} is not UTF-8: save it as CSV in UTF-8") from error
    except OSError as error:
        raise FerError(f"{path} cannot be read ({error.strerror}): check it") from error
    except csv.Error as error:
        raise FerError(f"{path} is no CSV ({error}): save it as CSV in UTF-8") from error


def is_table(path):
    """Return whether a file has the columns of an image and of its label."""
    try:
        rows(path)
    except FerError:
        return False
    return True


def _place(header, names):
    return next((header.index(name) for name in names if name in header), None)


def _check(path, header, places):
    for key in ("image", "label"):
        if places[key] is None:
            raise FerError(
                f"{path}, line 1: the header is {','.join(header)[:60]!r}: expected a column "
                f"for the {key}, named {' or '.join(COLUMNS[key])}"
            )


def _row(line, cells, places):
    def cell(key):
        place = places[key]
        return cells[place].strip() if place is not None and place < len(cells) else ""

    return Row(line, **{key: cell(key) for key in COLUMNS})


def _label(path, row, classes):
    if not row.label:
        return UNKNOWN
    try:
        return class_index(row.label, classes)
    except FerError as error:
        raise FerError(f"{path}, line {row.line}: {error}; correct or remove the row") from error
