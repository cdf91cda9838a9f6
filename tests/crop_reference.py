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
    side, step = len(image), len(image) / size
    if side == 2 * size:
        pairs = image[::2] + image[1::2]
        return (pairs[:, ::2] + pairs[:, 1::2] + 2) >> 2
    start, ends = np.arange(size)[:, None] * step, np.arange(1, size + 1)[:, None] * step
    k = np.arange(side)[None]
    share = (np.minimum(ends, k + 1) - np.maximum(start, k)).clip(0)
    return np.rint(share @ image @ share.T / step**2).astype(np.int64)


def _enlarged(image, size):
    k, w0, w1 = _taps(len(image), size)
    after = np.minimum(k + 1, len(image) - 1)
    across = w0 * image[:, k] + w1 * image[:, after]
    top, bottom = across[k] >> 4, across[after] >> 4
    return ((w0[:, None] * top >> 16) + (w1[:, None] * bottom >> 16) + 2) >> 2


def _taps(side, size):
    f = (np.arange(size) + 0.5) * (side / size) - 0.5
    k = np.floor(f).astype(np.int64)
    f = np.where((k < 0) | (k >= side - 1), 0, f - k)
    k = k.clip(0, side - 1)
    return k, np.rint(2048 * (1 - f)).astype(np.int64), np.rint(2048 * f).astype(np.int64)


def crop(rgb, box, size=48, margin=0.1):
    """Return uint8 ``(size, size)`` of an RGB or grey photograph."""
    photo = rgb if rgb.ndim == 2 else grey(rgb)
    x, y, side = square(box, photo.shape[1], photo.shape[0], margin)
    return resized(cut(photo, x, y, side), size).astype(np.uint8)
