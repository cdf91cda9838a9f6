"""Occlusion: what a network no longer says when a part of the image is hidden."""

import numpy as np

PATCH, STRIDE = 8, 4  # pixels, for images of 48; in proportion for others
_SIDE = 48


def occlusion(network, shown, labels, seed=0):
    """Return how much a class loses where each pixel is hidden, float32 ``(n, height, width)``.

    Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901. A square of the image's own mean
    grey moves over it; a pixel's value is the mean loss over the squares that hid it. All squares
    of all images are asked about in full batches. See ``explain``.
    """
    squares = hidden_squares(shown.shape[1:3])
    whole = network.score(shown, labels)
    maps = []
    for image, label, before in zip(shown, labels, whole, strict=True):
        grey = image.mean(axis=(0, 1))
        hidden = np.where(squares[..., None], grey, image)
        lost = before - network.score(hidden, np.repeat(label, len(hidden)))
        maps.append(np.tensordot(lost, squares, axes=1) / squares.sum(axis=0))
    return np.stack(maps)


def hidden_squares(size):
    """Return bool ``(squares, height, width)``: where each square lies; every pixel is in some."""
    side = max(1, round(PATCH * min(size) / _SIDE))
    step = max(1, round(STRIDE * min(size) / _SIDE))
    # They begin and end half outside, so that the border is hidden as often as the middle.
    tops, lefts = (np.arange(step - side, length, step) for length in size)
    rows, columns = (
        (np.arange(length) >= starts[:, None]) & (np.arange(length) < starts[:, None] + side)
        for length, starts in zip(size, (tops, lefts), strict=True)
    )
    return (rows[:, None, :, None] & columns[None, :, None, :]).reshape(-1, *size)
