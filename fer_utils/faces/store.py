"""What was found in files, on disk: a photograph's faces are looked for once.

One file for each setting of the detector, whole or not at all, holds them by the content of
the photographs: renamed or moved ones are known too, changed ones are not.
"""

import hashlib
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from fer_utils import locks, paths, runs
from fer_utils.datasets import photographs
from fer_utils.errors import FerError
from fer_utils.faces import detection
from fer_utils.faces.detection import Face

VERSION = 1  # to be raised when the detector finds something else
_WORKERS = 4
_PAUSE = 10  # seconds of work that an interruption may cost


def find(files: Sequence[str | Path], side: int = detection.SIDE) -> list[tuple[Face, ...]]:
    """Return the faces of photographs on disk, from the cache where they were found before.

    An interrupted call is continued by the next one. A progress bar shows on a terminal.

    Args:
        files: list of paths.
        side: see ``detection.detect``.

    Returns:
        list of tuples of Face, see ``detection.detect``.

    Raises:
        FerError: a photograph cannot be read, ``side`` out of range, mtcnn is missing.
    """
    detection.check_side(side)
    with ThreadPoolExecutor(_WORKERS) as pool:
        keys = list(pool.map(_key, files))
        known = Store(paths.cache_dir() / "faces" / f"{VERSION}-{side}.npz")
        new = {key: file for key, file in zip(keys, files, strict=True) if key not in known.faces}
        if new:
            _find_new(new, side, known, pool)
    return [known.faces[key] for key in keys]


def _find_new(new, side, known, pool):
    def fitted(item):
        return item[0], detection.fit(photographs.read(item[1], rgb=True), side, str(item[1]))

    with _progress() as bar, known:
        task = bar.add_task("faces", total=len(new))
        for batch in detection.batches(new.items()):
            keys, canvases = zip(*pool.map(fitted, batch), strict=True)
            known.add(dict(zip(keys, detection.in_canvases(canvases), strict=True)))
            bar.advance(task, len(keys))


def _key(file):
    try:
        return hashlib.blake2b(Path(file).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise FerError(f"{file} cannot be read ({error.strerror}): check the path") from error


def _progress():
    from rich.console import Console
    from rich.progress import Progress

    # Not sys.stderr's say in a notebook, which has no terminal: nothing shows there.
    return Progress(console=Console(stderr=True), disable=not sys.stderr.isatty())


class Store:
    """The faces that are known, ``faces``: a dict from key to a tuple of Face.

    As a context manager it writes what was added when the block ends, also by an error.
    """

    def __init__(self, path):
        self.path = path
        self.faces = _read(path)
        self._unsaved, self._saved_at = 0, time.monotonic()

    def add(self, faces):
        """Add a dict of faces; write them all from time to time."""
        self.faces |= faces
        self._unsaved += len(faces)
        if time.monotonic() - self._saved_at > _PAUSE:
            self.save()

    def save(self):
        """Write what was added, together with what other processes wrote meanwhile.

        Where the cache cannot be written, a warning says so, and the search goes on.
        """
        if self._unsaved:
            try:
                with locks.alone(self.path.parent):
                    self.faces = _read(self.path) | self.faces
                    _write(self.path, self.faces)
            except FerError as problem:
                warnings.warn(
                    f"faces found are not kept for the next time: {problem}", stacklevel=3
                )
        self._unsaved, self._saved_at = 0, time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.save()


def _read(path):
    """Return the faces of a file; none where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            keys, counts, rows = (file[name] for name in ("keys", "counts", "rows"))
        parts = np.split(rows, np.cumsum(counts)[:-1])
        return {k: _faces(part) for k, part in zip(keys.tolist(), parts, strict=True)}
    except Exception:  # whatever a damaged file makes NumPy raise: it is written anew
        return {}


def _write(path, faces):
    rows = [(*f.box, f.confidence, *np.ravel(f.eyes)) for found in faces.values() for f in found]
    with runs.whole_file(path) as part:
        np.savez_compressed(
            part,
            keys=np.array(list(faces), str),
            counts=np.array([len(found) for found in faces.values()], np.int64),
            rows=np.array(rows, np.float64).reshape(-1, 9),
        )


def _faces(rows):
    return tuple(
        Face((*row[:4],), row[4], ((row[5], row[6]), (row[7], row[8]))) for row in rows.tolist()
    )
