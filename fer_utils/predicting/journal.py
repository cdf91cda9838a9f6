"""What an interrupted run had found already, so that the next one goes on from there."""

import contextlib
import json
from typing import Any

from fer_utils import runs

NAME = ".unfinished.jsonl"


class Journal:
    """Rows of pictures that are done, by their key; on disk until all of them are.

    Args:
        folder: Path, where results go; None to keep nothing.
        settings: dict for JSON of all that decides what is found: a journal of other settings is
            thrown away.
    """

    def __init__(self, folder, settings):
        self.path: Any = None if folder is None else folder / NAME
        self.rows = {}
        self._settings = json.loads(json.dumps(settings))
        self._file: Any = None
        if self.path is not None:
            self._open()

    def _open(self):
        try:
            self.rows = _read(self.path, self._settings)
            noted = [[key, *value] for key, value in self.rows.items()]
            # Whole, for it may be all there is of an hour's work.
            runs.write_text(self.path, "".join(map(_line, (self._settings, *noted))))
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise runs.writing_error(self.path, error) from error

    def known(self, items):
        """Return the keys that are done, of files that are as they were."""
        stamps = {item.name: stamp_of(item) for item in items}
        self.rows = {
            key: (stamp, rows)
            for key, (stamp, rows) in self.rows.items()
            if stamps.get(rows[0]["file"]) == stamp
        }
        return set(self.rows)

    def add(self, key, item, rows):
        """Note the rows of a picture."""
        self.rows[key] = (stamp_of(item), rows)
        if self._file is not None:
            self._write([key, *self.rows[key]])

    def of(self, key):
        """Return the rows noted of a picture."""
        return self.rows[key][1]

    def _write(self, value):
        try:
            self._file.write(_line(value))
            self._file.flush()
        except OSError as error:
            raise runs.writing_error(self.path, error) from error

    def close(self, finished):
        """Close the file; remove it where all is done."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # it holds what could not be written, as was said
                self._file.close()
            if finished:
                runs.remove(self.path)


def _line(value):
    return json.dumps(value) + "\n"


def stamp_of(item):
    """Return what changes when a file does: its size and time."""
    try:
        told = item.path.stat()
    except OSError:
        return [0, 0]
    return [told.st_size, told.st_mtime_ns]


def _read(path, settings):
    """Return what a journal of the same settings holds; its last line may be cut short."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return {}
    found = {}
    try:
        if not lines or json.loads(lines[0]) != settings:
            return {}
        for line in lines[1:]:
            key, stamp, rows = json.loads(line)
            found[key] = (stamp, rows)
    except ValueError:
        pass
    return found
