"""The arguments that every function of this package takes, checked and made uniform."""

import numpy as np

from fer_utils.errors import FerError
from fer_utils.labels import DATA622, FER2013, class_index

SMALLEST = 16


def class_names(classes):
    """Return the tuple of class names of 7 or 8 classes."""
    if classes not in (7, 8):
        raise FerError(
            f"synthetic faces: classes is {classes!r}; write 7 (FER2013) or 8 (DATA622)"
        )
    return FER2013 if classes == 7 else DATA622


def pair(size):
    """Return ``(height, width)`` of a size: int, pair, or None for 48."""
    size = 48 if size is None else size
    height, width = (size, size) if np.ndim(size) == 0 else size
    if min(height, width) < SMALLEST:
        raise FerError(f"synthetic faces: size is {size}; write {SMALLEST} or more")
    return int(height), int(width)


def check_count(name, value):
    """Raise FerError unless a count is 1 or more."""
    if value < 1:
        raise FerError(f"synthetic faces: {name} is {value}; write 1 or more")


def check_share(name, value):
    """Raise FerError unless a share is between 0 and 1."""
    if not 0 <= value <= 1:
        raise FerError(f"synthetic faces: {name} is {value}; write a share between 0 and 1")


def label_numbers(wanted, n, names):
    """Return int8 ``(n,)`` from a label or class name, or from a sequence of them."""
    several = [wanted] * n if isinstance(wanted, str) or np.ndim(wanted) == 0 else list(wanted)
    if len(several) != n:
        raise FerError(
            f"synthetic faces: labels has {len(several)} entries; write one, or n = {n}"
        )
    numbers = [class_index(x, names) if isinstance(x, str) else int(x) for x in several]
    unknown = sorted({x for x in numbers if not 0 <= x < len(names)})
    if unknown:
        raise FerError(f"synthetic faces: labels has {unknown[0]}; write 0 to {len(names) - 1}")
    return np.array(numbers, np.int8)


def check_seed(seed):
    """Raise FerError unless a seed is 0 or more."""
    if seed < 0:
        raise FerError(f"synthetic faces: seed is {seed}; write 0 or more")


def per_face(name, value, shape, limits=None):
    """Return a value as an array of a shape whose first axis is the faces; None stays None."""
    if value is None:
        return None
    if limits and not limits[0] <= np.min(value) <= np.max(value) <= limits[1]:
        raise FerError(
            f"synthetic faces: {name} is out of range; write {limits[0]} to {limits[1]}"
        )
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        given = np.shape(value)
        raise FerError(f"synthetic faces: {name} has shape {given}; write {shape}") from None
