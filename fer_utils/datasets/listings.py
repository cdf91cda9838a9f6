"""Photographs as a source lists them, and their decoding into the cache, once."""

import dataclasses
import hashlib
import os
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from fer_utils import paths
from fer_utils.datasets import cache, photographs, policies
from fer_utils.datasets.base import Dataset, group_identical
from fer_utils.errors import FerError

_IN_MEMORY = 256 << 20  # bytes of decoded images from which on they are kept on disk
_WORKERS = min(4, os.cpu_count() or 1)  # Pillow and OpenCV let go of the lock


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a source knows of its photographs before any is decoded; element i is one.

    Args:
        root: Path that names are relative to.
        names: list of str, paths with ``/``.
        labels: list of int, -1 where unknown or withheld.
        split: list of ``train``, ``valid`` or ``test``.
        persons: list of hashable; photographs with equal ones share a group.
        classes: tuple of class names.
        name: the data set's registered name.
        source: where they are, for people.
        files: list of Path, all that the listing was made from.
    """

    root: Path
    names: list
    labels: list
    split: list
    persons: list
    classes: tuple
    name: str
    source: str
    files: list


def to_dataset(listing, size=None, rgb=False, fit="stretch", unreadable=policies.ERROR):
    """Return the photographs of a Listing as a Dataset, from the cache if decoded before.

    Args:
        listing: Listing.
        size: int or ``(height, width)``; None where all photographs have one size.
        rgb: three channels instead of grey.
        fit: how a photograph of another shape gets this one: ``stretch``, ``crop`` its middle
            or ``pad`` with black.
        unreadable: ``error`` to refuse images that cannot be read, ``drop`` to leave them
            out with a warning that counts them.

    Returns:
        Dataset; images uint8 ``(n, height, width)`` or ``(n, height, width, 3)``, read-only.

    Raises:
        FerError: no photographs, one that is unreadable, several sizes without ``size``.
    """
    if fit not in photographs.FITS:
        raise FerError(f"fit is {fit!r}: write {', '.join(photographs.FITS)}")
    if not listing.names:
        raise FerError(f"{listing.source}: no photographs found: check the path")
    shape = _shape(size)
    said = (listing.names, listing.labels, listing.split, listing.persons, listing.classes)
    options = hashlib.blake2b(
        repr((said, rgb, fit, unreadable)).encode(), digest_size=6
    ).hexdigest()
    key = cache.fingerprint(listing.root, listing.files, by_content=False)
    key += f"-{'own' if shape is None else '{}x{}'.format(*shape)}-{options}"

    def read_all():
        return _decoded(listing, shape, rgb, fit, unreadable)

    return cache.cached(listing.name, listing.root, key, read_all)


def _shape(size):
    if size is None:
        return None
    shape = (size, size) if np.isscalar(size) else tuple(size)
    if len(shape) != 2 or not all(1 <= side <= 4096 for side in shape):
        raise FerError(f"size {size!r} is not a number of pixels: write 150 or (64, 48)")
    return tuple(int(side) for side in shape)


def _decoded(listing, shape, rgb, fit, unreadable):
    files = [listing.root / name for name in listing.names]
    shape = _common_shape(listing, files) if shape is None else shape
    images = _space((len(files), *shape, *((3,) if rgb else ())))

    def decode(i):
        try:
            images[i] = photographs.fitted(photographs.read(files[i], rgb), shape, fit)
        except FerError as error:
            return str(error)
        return None

    with warnings.catch_warnings(), ThreadPoolExecutor(_WORKERS) as pool:
        warnings.simplefilter("ignore")  # Pillow's: odd EXIF, and bombs, which are refused
        errors = list(pool.map(decode, range(len(files))))
    failed = [error for error in errors if error]
    policies.settle("unreadable", unreadable, failed, "{n} images cannot be read: {example}")
    kept = np.array([error is None for error in errors])
    if not kept.any():
        raise FerError(f"{listing.source}: no image can be read; {failed[0]}")
    return _dataset(listing, images, kept)


def _dataset(listing, images, kept):
    persons = {person: i for i, person in enumerate(dict.fromkeys(listing.persons))}
    groups = np.array([persons[person] for person in listing.persons], np.int64)[kept]
    images = images if kept.all() else images[kept]
    return Dataset(
        images=images,
        labels=np.array(listing.labels, np.int8)[kept],
        classes=tuple(listing.classes),
        split=np.array(listing.split, str)[kept],
        groups=group_identical(images, groups),
        names=np.array(listing.names, str)[kept],
        name=listing.name,
        source=listing.source,
    )


def _common_shape(listing, files):
    """Return ``(height, width)`` of all photographs.

    Raises:
        FerError: they differ, or none can be read.
    """
    shape = None
    for path in files:
        try:
            other = photographs.read(path).shape
        except FerError:
            continue  # counted where all are decoded
        if shape not in (None, other):
            raise FerError(
                f"{listing.source}: photographs of several sizes, such as {shape[1]}x{shape[0]} "
                f"and {other[1]}x{other[0]}: give size, for example size=150"
            )
        shape = other
    if shape is None:
        raise FerError(f"{files[0]} and all other images cannot be read: replace them")
    return shape


def _space(shape):
    """Return an empty uint8 array; a large one on disk, so that memory stays free."""
    size = int(np.prod(shape, dtype=np.int64))
    if size < _IN_MEMORY:
        return np.empty(shape, np.uint8)
    try:
        paths.cache_dir().mkdir(parents=True, exist_ok=True)
        # It has no name, and goes when the array does.
        with tempfile.TemporaryFile(dir=paths.cache_dir()) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # else a full disk ends the process
            return np.memmap(file, np.uint8, "w+", shape=shape).view(np.ndarray)
    except OSError:  # a folder that cannot be written, or is full: the cache will say so
        return np.empty(shape, np.uint8)
