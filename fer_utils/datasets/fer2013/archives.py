"""Tables in plain files, in .zip and in .tar.gz, told apart by their first bytes.

Nothing is ever expanded to disk: members of an archive are read as a stream, so neither
their paths nor their sizes can do harm.
"""

import bz2
import contextlib
import dataclasses
import gzip
import itertools
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import Path

from fer_utils.datasets.fer2013.csv_faults import AGAIN, shown
from fer_utils.errors import FerError
from fer_utils.reading import brief

LARGEST = 2 << 30  # bytes of a member, and of a whole .tar; fer2013.csv has 301 MB
MEMBERS = 1000  # of an archive that are looked at
HEAD = 4096  # bytes that tell what a file is
TEXTS = ("", ".csv", ".txt", ".data")  # suffixes of what may be a table

_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, UnicodeDecodeError),  # the last: a member's name
)
_COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_LONG_NAMES = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE),
    *(tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
_LONGEST_NAME = 1 << 20  # bytes; tarfile holds them in memory
_COLUMNS = {"emotion", "usage", "pixels"}


class OtherTable(FerError):
    """A table of something else, though it has the name of one of FER2013's."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of rows, wherever it lies.

    Args:
        path: Path of the file on disk.
        columns: tuple of the header's names in lower case without blanks and quotes.
        member: its name within the archive; None for a plain file.
        kind: ``plain``, ``zip`` or ``tar``.
    """

    path: Path
    columns: tuple
    member: str | None = None
    kind: str = "plain"

    def __str__(self):
        return str(self.path) if self.member is None else f"{self.path} ({self.member})"

    @property
    def part(self):
        """What it holds: ``usage`` (all parts), ``train``, ``test``, ``labels`` or None."""
        has = set(self.columns)
        kinds = {
            ("emotion", "pixels", "usage"): "usage",
            ("emotion", "pixels"): "train",
            ("pixels",): "test",
            ("emotion", "usage"): "labels",
        }
        return kinds.get(tuple(sorted(has & _COLUMNS)))

    @contextlib.contextmanager
    def open(self):
        """Give a binary stream of the table's text, from its header on."""
        with reading(self), contextlib.ExitStack() as stack:
            if self.kind == "plain":
                yield stack.enter_context(open(self.path, "rb", buffering=0))
            elif self.kind == "zip":
                archive = stack.enter_context(zipfile.ZipFile(self.path))
                yield stack.enter_context(archive.open(str(self.member)))
            else:
                archive = stack.enter_context(_opened_tar(self.path))
                found = (m for m in archive if m.isfile() and m.name == self.member)
                yield archive.extractfile(next(found))


@contextlib.contextmanager
def reading(name):
    """Turn what a damaged or unreadable file raises into a FerError that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise FerError(f"{name} is cut off or damaged: {AGAIN}") from error
    except (RuntimeError, NotImplementedError) as error:  # zipfile: encrypted, unknown method
        raise FerError(f"{name} cannot be unpacked ({error}): unpack it by hand") from error
    except OSError as error:
        why = error.strerror or error
        raise FerError(f"{name} cannot be read ({why}): check the path and permissions") from error


def tables_in(path):
    """Return the list of Tables of a file or archive; empty for an unrelated text.

    Args:
        path: Path of a file.

    Raises:
        FerError: the file is empty, binary, a web page, in UTF-16, or a damaged archive.
    """
    with reading(path):
        with open(path, "rb") as file:
            head = file.read(HEAD)
        if head.startswith(b"PK"):
            return _in_zip(path)
        if head.startswith(tuple(_COMPRESSED)) or head[257:262] == b"ustar":
            return _in_tar(path)
    columns = header(head, path)
    return [Table(path, columns)] if _COLUMNS & set(columns) else []


def header(head, name):
    """Return the column names in a file's first bytes, lower case, without blanks and quotes.

    Raises:
        FerError: this is no text that could be a table.
    """
    what = None
    if not head.strip():
        what = "is empty"
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:8:2] == b"\0\0\0\0":
        raise FerError(f"{name} is in UTF-16: save it as UTF-8, or {AGAIN}")
    elif head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        what = "is a web page, not a table (was the login expired?)"
    elif re.search(rb"[\x00-\x08\x0e-\x1f]", head):
        what = "is a binary file, not a table"
    if what:
        raise FerError(f"{name} {what}: {AGAIN}")
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode("utf-8", "replace")
    columns = tuple(column.strip(' \t\r"').lower() for column in line.split(","))
    twice = [column for column in columns if column in _COLUMNS and columns.count(column) > 1]
    if twice:
        raise FerError(f"{name}, line 1: two columns are called {twice[0]}: {AGAIN}")
    return columns


def wrong_header(path):
    """Return the OtherTable of a text whose header is not FER2013's."""
    with reading(path), open(path, "rb") as file:
        line = file.read(HEAD).split(b"\n")[0].strip()
    return OtherTable(
        f"{path}, line 1: the header is {shown(line, 40)}: expected emotion,pixels or pixels or "
        "emotion,pixels,Usage"
    )


def _in_zip(path):
    tables = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist()[:MEMBERS]:
            if info.is_dir() or not _wanted(info.filename):
                continue
            _check_size(path, info.filename, info.file_size)
            with archive.open(info) as stream:
                _member(path, info.filename, "zip", stream, tables)
    return list(tables.values())


def _in_tar(path):
    tables = {}
    with _opened_tar(path, whole=False) as archive:
        for info in itertools.islice(archive, MEMBERS):
            _check_size(path, info.name, info.size)
            if info.isfile() and _wanted(info.name):
                _member(path, info.name, "tar", archive.extractfile(info), tables)
            # To go on means to decompress this member: stop where nothing can be better.
            if any(table.part == "usage" for table in tables.values()):
                break
    return list(tables.values())


@contextlib.contextmanager
def _opened_tar(path, whole=True):
    """Give a ``tarfile.TarFile`` to read one member after another, none twice.

    Args:
        path: Path of the archive, compressed or not.
        whole: read what is left of it in the end, for there the checksum stands.
    """
    with open(path, "rb") as file:
        head = file.read(8)
    opened = next((how for mark, how in _COMPRESSED.items() if head.startswith(mark)), open)
    with opened(path, "rb") as file:  # type: ignore[operator]  # open, gzip.open and their like
        stream = _Bounded(file, path)
        # All that tarfile asks of a stream is read().
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:  # type: ignore[call-overload]
            yield archive
        while whole and stream.read(HEAD):
            pass


class _Bounded:
    """A stream that ends with an error where a bomb goes on."""

    def __init__(self, stream, path):
        self.stream, self.path, self.left = stream, path, LARGEST + tarfile.RECORDSIZE

    def read(self, size):
        piece = self.stream.read(size)
        self.left -= len(piece)
        if self.left < 0:
            large = f"unpacks to more than {LARGEST / 1e9:.1f} GB, FER2013 to 0.3"
            raise FerError(f"{self.path} {large}: not read; {AGAIN}")
        return piece


class _Header(tarfile.TarInfo):
    """A member of an archive; what claims to be its name is no bomb either."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        info = super().frombuf(buf, encoding, errors)
        if info.type in _LONG_NAMES and info.size > _LONGEST_NAME:
            raise tarfile.HeaderError("a name without end")
        return info


def _wanted(name):
    hidden = Path(name).name.startswith(".") or name.startswith("__MACOSX")
    return not hidden and Path(name).suffix.lower() in TEXTS


def _check_size(path, member, size):
    if size > LARGEST:
        raise FerError(
            f"{path}: {brief(repr(member))} unpacks to {size / 1e9:.1f} GB, FER2013 to 0.3: "
            f"not read; {AGAIN}"
        )


def _member(path, member, kind, stream, tables):
    """Add the Table that a member is, if it is one, to a dict of them by name."""
    columns = header(stream.read(HEAD), f"{path} ({member})")
    if member in tables:
        raise FerError(f"{path} holds {member!r} twice: remove one")
    if _COLUMNS & set(columns):
        tables[member] = Table(path, columns, member, kind)
