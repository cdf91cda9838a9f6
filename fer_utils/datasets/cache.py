"""Parsed data sets on disk, known by a fingerprint of their source.

An entry is two files: the images as ``.npy``, which is mapped into memory and so shared
between processes, and everything else as ``.npz``, which is written last.
"""

import contextlib
import hashlib
import warnings
from pathlib import Path

import numpy as np

from fer_utils import paths, runs
from fer_utils.datasets.base import Dataset
from fer_utils.errors import FerError

VERSION = 2  # to be raised when the same source is to be parsed differently
_ENDS = 65536  # bytes at either end of a file that are hashed
_ROWS = ("labels", "split", "groups", "names")
_warned = set()  # cache folders that could not be written


def fingerprint(root, files, by_content=True):
    """Return 16 hex digits that change when a file does.

    Args:
        root: Path that the names are taken relative to.
        files: list of Path.
        by_content: hash the first and last 64 kB of each too, not only name, size and times.

    Raises:
        FerError: a file cannot be read.
    """
    digest = hashlib.blake2b(str(VERSION).encode(), digest_size=8)
    folder = root if root.is_dir() else root.parent
    for path in files:
        try:
            stat = path.stat()
            name = path.relative_to(folder).as_posix()
            # An edit can keep the size and the time of the last one, not that of the change.
            facts = (name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            digest.update("".join(f"{fact}\0" for fact in facts).encode())
            if by_content:
                digest.update(_ends(path, stat.st_size))
        except OSError as error:
            raise FerError(f"{path} cannot be read ({error.strerror}): check it") from error
    return digest.hexdigest()


def _ends(path, size):
    with open(path, "rb") as file:
        first = file.read(_ENDS)
        file.seek(max(size - _ENDS, 0))
        return first + file.read(_ENDS)


def cached(name, root, key, read):
    """Return what ``read`` returns, from the cache where that was done before.

    Warnings that ``read`` gives are given again when its result comes from the cache.

    Args:
        name: the data set's registered name.
        root: Path it is read from. An entry with another key for the same root is stale,
            and removed.
        key: text that says which source and options this is.
        read: function without arguments that returns a Dataset. It holds no withheld label.

    Returns:
        Dataset, with its fingerprint known and its images read-only, cached or not.
    """
    where = hashlib.blake2b(str(root).encode(), digest_size=6).hexdigest()
    stem = paths.cache_dir() / name / f"{where}-{key}"
    dataset, notes = _stored(stem)
    if dataset is None:
        dataset, notes = _read_noting(read)
        _store(stem, where, dataset, notes)
        dataset.images.setflags(write=False)  # as those from the cache are
    for note in notes:
        warnings.warn(note, stacklevel=3)
    return dataset


def _read_noting(read):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dataset = read()
    notes = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    return dataset, list(dict.fromkeys(notes))


def _files(stem):
    return stem.with_name(stem.name + ".images.npy"), stem.with_name(stem.name + ".rows.npz")


def _stored(stem):
    """Return (Dataset, list of warnings), or (None, []) where the entry is absent or damaged."""
    images_file, rows_file = _files(stem)
    try:
        images = np.load(images_file, mmap_mode="r", allow_pickle=False).view(np.ndarray)
        with np.load(rows_file, allow_pickle=False) as file:
            rows = {key: file[key] for key in file.files}
        if _sum(images) != int(rows["sum"]):
            return None, []
        dataset = Dataset(
            images,
            **{field: rows[field] for field in _ROWS},
            classes=tuple(rows["classes"].tolist()),
            name=str(rows["name"]),
            source=str(rows["source"]),
        )
        dataset.__dict__["fingerprint"] = str(rows["fingerprint"])
        return dataset, rows["notes"].tolist()
    except Exception:  # whatever a damaged file makes NumPy raise: it is written anew
        return None, []


def _store(stem, where, dataset, notes):
    images_file, rows_file = _files(stem)
    rows = {field: getattr(dataset, field) for field in _ROWS}
    rows |= {
        "classes": np.array(dataset.classes, str),
        "name": dataset.name,
        "source": dataset.source,
        "fingerprint": dataset.fingerprint,
        "notes": np.array(notes, str),
        "sum": _sum(dataset.images),
    }
    try:
        with runs.whole_file(images_file) as part:
            np.save(part, dataset.images, allow_pickle=False)
        with runs.whole_file(rows_file) as part:
            np.savez(part, **rows)
        _remove_stale(stem, where)
    except FerError as error:
        if stem.parent not in _warned:
            _warned.add(stem.parent)
            warnings.warn(f"parsed data is not kept for the next time: {error}", stacklevel=4)


def _sum(images):
    """Return a checksum of the pixels; at memory speed, unlike a hash."""
    flat = np.ascontiguousarray(images).reshape(-1)
    whole = len(flat) // 8 * 8
    total = int(np.add.reduce(flat[:whole].view(np.uint64), dtype=np.uint64))
    return (total + int(flat[whole:].sum(dtype=np.uint64))) % (1 << 63)


def _remove_stale(stem, where):
    source = stem.name.split("-")[1]
    for path in Path(stem.parent).glob(f"{where}-*"):
        if path.name.split(".")[0].split("-")[1] != source:
            with contextlib.suppress(OSError):  # in use on Windows, or gone already
                path.unlink()
