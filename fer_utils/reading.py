"""Files from elsewhere, opened so that none can do harm: bounded, complete, no code run."""

import collections
import contextlib
import csv
import io
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fer_utils.errors import FerError

LARGEST = 2 << 30  # bytes that an archive may unpack to
LONGEST = 64 << 20  # bytes of a text; FER+'s votes for all of FER2013 have 2 million
MEMBERS = 10_000  # of an archive


def text(path: str | Path, remedy: str, longest: int = LONGEST) -> str:
    """Return what a UTF-8 text file holds, its line ends those of Unix.

    Args:
        path: the file.
        remedy: what an error says to do.
        longest: bytes that it may have.

    Raises:
        FerError: it cannot be read, is no UTF-8, or too long.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(longest + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or error
        raise FerError(f"{path} cannot be read ({why}): {remedy}") from error
    if len(content) > longest:
        raise FerError(f"{path} has more than {longest >> 20} MB: {remedy}")
    try:
        told = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FerError(f"{path} is not a text file, or is not UTF-8: {remedy}") from error
    return told.replace("\r\n", "\n").replace("\r", "\n")


def table(path: str | Path, remedy: str, told: str | None = None) -> list[tuple[int, list[str]]]:
    """Return ``(line, cells)`` of each row of a CSV; a blank line has no cells.

    Args:
        path: the file.
        remedy: what an error says to do.
        told: str, its text where it was read before.

    Raises:
        FerError: as ``text``; or a row goes on in the next line, which a lost quote causes.
    """
    told = text(path, remedy) if told is None else told
    rows, line = [], 0
    reader = csv.reader(io.StringIO(told, newline=""), strict=True)
    try:
        for cells in reader:
            line += 1
            if reader.line_num != line:
                raise csv.Error("a quote that does not end")
            rows.append((line, cells))
    except csv.Error as error:
        raise FerError(f"{path}, line {line + 1}: {error}: {remedy}") from error
    return rows


@contextlib.contextmanager
def archive(path: str | Path) -> Iterator[zipfile.ZipFile]:
    """Give a ``zipfile.ZipFile`` to read from, with a bounded content and no name twice.

    Args:
        path: the file.

    Raises:
        ValueError: it holds too much, or two members of one name.
    """
    with zipfile.ZipFile(path) as opened:
        infos = opened.infolist()
        names = collections.Counter(info.filename for info in infos)
        twice = [name for name, count in names.items() if count > 1]
        size = sum(info.file_size for info in infos)  # zipfile reads no more than it says
        if twice:
            raise ValueError(f"it holds {brief(repr(twice[0]))} twice")
        if len(infos) > MEMBERS or size > LARGEST:
            raise ValueError(f"it unpacks to {len(infos):,} files of {size / 1e9:.1f} GB")
        yield opened


def arrays(path: str | Path, what: str, remedy: str) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` as a dict, all of them read and their checksums compared.

    Args:
        path: the file.
        what: what it should be, for an error.
        remedy: what an error says to do.

    Raises:
        FerError: it is damaged, holds pickles, or unpacks to more than ``LARGEST``.
    """
    try:
        with archive(path) as opened:
            return {name.removesuffix(".npy"): _array(opened.read(name)) for name in
                    opened.namelist()}  # fmt: skip
    except Exception as error:  # what damaged files make zipfile and NumPy raise is without end
        raise FerError(f"{path} is not {what} ({brief(error)}): {remedy}") from error


def _array(content):
    """Return the array of an ``.npy``, made only where its header says what is there."""
    headers = {(1, 0): np.lib.format.read_array_header_1_0}
    headers[2, 0] = np.lib.format.read_array_header_2_0
    file = io.BytesIO(content)
    shape, _, dtype = headers[np.lib.format.read_magic(file)](file)
    size = math.prod(shape) * (dtype.itemsize or 1)  # of no bytes there can be any number
    if size != len(content) - file.tell() and not dtype.hasobject:
        raise ValueError(f"an array says it is {dtype} {shape}, which its data are not")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def brief(error: object) -> str:
    """Return the first line of an error's text, of 100 characters at most."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return first if len(first) <= 100 else first[:97] + "..."
