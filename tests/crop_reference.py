"""docs/crop.md in plain NumPy, for tests: what Python and the web page must both do."""

import math

import numpy as np


def grey(rgb):
    """Return grey ``(height, width)`` of RGB ``(height, width, 3)``; integers."""
    red, green, blue = (rgb[..., i].astype(np.int64) for i in range(3))
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16


def square(box, width, height, margin=0.1):
    """Return ``(X, Y, side)``."""
    x, y, w, h = box
    left, right, top, bottom = max(x, 0), min(x + w, width), max(y, 0), min(y + h, height)
    w, h = right - left, bottom - top
    longer = max(w, h)
    side = min(longer * (1 + 2 * margin), max(longer, min(width, height)))
    side = max(round(side), 1)
    corner = (left + (w - side) / 2, width), (top + (h - side) / 2, height)
    return *(_place(c, n, side) for c, n in corner), side


def _place(c, n, side):
    return math.floor((n - side) / 2) if side > n else min(max(round(c), 0), n - side)


def cut(photo, x, y, side):
    """Return the square, edge pixels repeated beyond the photograph."""
    rows = np.clip(np.arange(y, y + side), 0, photo.shape[0] - 1)
    columns = np.clip(np.arange(x, x + side), 0, photo.shape[1] - 1)
    return photo[rows][:, columns].astype(np.int64)


def resized(image, size):
    """Return the square image at another size."""
    side = len(image)
    if side == size:
        return image
    return _shrunk(image, size) if side > size else _enlarged(image, size)


def _shrunk(image, size):
    side = len(image)
    if side == 2 * size:
        pairs = image[::2] + image[1::2]
        return (pairs[:, ::2] + pairs[:, 1::2] + 2) >> 2
    if side % size == 0:
        step = side // size
        sums = image.reshape(size, step, size, step).sum((1, 3)).astype(np.float32)
        return np.rint(sums * np.float32(1 / step**2)).astype(np.int64)
    parts = [_covered(i, side, size) for i in range(size)]
    across = np.zeros((side, size), np.float32)
    out = np.zeros((size, size), np.float32)
    for i, covered in enumerate(parts):
        for k, share in covered:
            across[:, i] += image[:, k].astype(np.float32) * share
    for j, covered in enumerate(parts):
        for k, share in covered:
            out[j] += across[k] * share
    return np.rint(out).astype(np.int64)


def _covered(i, side, size):
    """Return the source pixels under an output pixel, each with its share in float32."""
    step = side / size
    start, end = i * step, i * step + step
    cell = min(step, side - start)
    last = min(math.floor(end), side - 1)
    first = min(math.ceil(start), last)
    whole = [(k, np.float32(1 / cell)) for k in range(first, last)]
    before = [(first - 1, np.float32((first - start) / cell))] if first - start > 0.001 else []
    after = [(last, np.float32(min(end - last, 1, cell) / cell))] if end - last > 0.001 else []
    return before + whole + after


def _enlarged(image, size):
    first, second, w0, w1 = _taps(len(image), size)
    across = w0 * image[:, first] + w1 * image[:, second]
    top, bottom = across[first] >> 4, across[second] >> 4
    return ((w0[:, None] * top >> 16) + (w1[:, None] * bottom >> 16) + 2) >> 2


def _taps(side, size):
    f = ((np.arange(size) + 0.5) * (side / size) - 0.5).astype(np.float32)
    k = np.floor(f).astype(np.int64)
    w1 = (f - np.floor(f)) * np.float32(2048)
    weights = [np.rint(w).astype(np.int64) for w in (np.float32(2048) - w1, w1)]
    return k.clip(0, side - 1), (k + 1).clip(0, side - 1), *weights


def crop(rgb, box, size=48, margin=0.1):
    """Return uint8 ``(size, size)`` of an RGB or grey photograph."""
    photo = rgb if rgb.ndim == 2 else grey(rgb)
    x, y, side = square(box, photo.shape[1], photo.shape[0], margin)
    return resized(cut(photo, x, y, side), size).astype(np.uint8)
