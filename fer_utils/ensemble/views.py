"""Test-time augmentation: several views of an image are asked about, one answer is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.ensemble.combining import average
from fer_utils.errors import FerError
from fer_utils.training import predict

if TYPE_CHECKING:
    import keras

# Each view: mirrored or not, shift down and right in pixels of 48, zoom.
VIEWS = {
    "none": ((False, 0, 0, 1.0),),
    "flip": ((False, 0, 0, 1.0), (True, 0, 0, 1.0)),
    "shifts": tuple(
        (flip, down, right, 1.0)
        for flip in (False, True)
        for down, right in ((0, 0), (-2, 0), (2, 0), (0, -2), (0, 2))
    ),
    "crops": tuple(
        (flip, down, right, 12 / 11)  # ten crops: 44 of 48 pixels at the corners and the middle
        for flip in (False, True)
        for down, right in ((0, 0), (-2, -2), (-2, 2), (2, -2), (2, 2))
    ),
    "zooms": tuple((flip, 0, 0, zoom) for flip in (False, True) for zoom in (0.95, 1.0, 1.1)),
}


def views(images: np.ndarray, name: str) -> Iterator[np.ndarray]:
    """Yield the views of images, one array a view.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, channels)``.
        name: one of ``VIEWS``.

    Yields:
        uint8 of the same shape; what a shift uncovers repeats the border.

    Raises:
        FerError: no such name.
    """
    if name not in VIEWS:
        raise FerError(f"there are no views '{name}': take one of {', '.join(VIEWS)}")
    for mirrored, down, right, zoom in VIEWS[name]:
        moved = _moved(images, down, right, zoom)
        yield moved[:, :, ::-1] if mirrored else moved


def predict_views(model: keras.Model, images: np.ndarray, name: str = "flip") -> np.ndarray:
    """Return float ``(n, classes)``: the mean in log space of what a network says of the views.

    Args:
        model: ``keras.Model``.
        images: uint8 ``(n, height, width)`` or ``(n, height, width, channels)``.
        name: one of ``VIEWS``; ``flip`` costs twice as much as one view, ``shifts`` and
            ``crops`` ten times, ``zooms`` six times.

    Raises:
        FerError: no such name.
    """
    return average(np.stack([predict(model, view) for view in views(images, name)]))


def _moved(images, down, right, zoom):
    """Return images moved by pixels of 48 and enlarged about their middle, bilinear."""
    if (down, right, zoom) == (0, 0, 1.0):
        return images
    if zoom == 1.0 and images.shape[1:3] == (48, 48):
        return _shifted(images, down, right)
    from scipy.ndimage import affine_transform

    offset, scale = np.zeros(images.ndim), np.ones(images.ndim)
    for axis, shift in ((1, down), (2, right)):
        side = images.shape[axis]
        scale[axis] = 1 / zoom
        offset[axis] = (side - 1) / 2 * (1 - 1 / zoom) - shift * side / 48
    moved = affine_transform(images, scale, offset, output=np.float32, order=1, mode="nearest")
    return np.rint(moved).astype(np.uint8)


def _shifted(images, down, right):
    """Return images moved by whole pixels: nothing to interpolate, and no SciPy."""
    rows = np.clip(np.arange(images.shape[1]) - down, 0, images.shape[1] - 1)
    columns = np.clip(np.arange(images.shape[2]) - right, 0, images.shape[2] - 1)
    return images[:, rows[:, None], columns]
