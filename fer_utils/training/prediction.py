"""Ask a network, in batches that its memory holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras

_BATCH = 512  # images of up to 64x64; of larger ones fewer, so that the numbers they become fit
_PIXELS = _BATCH * 64 * 64


def predict(model: keras.Model, images: np.ndarray, mirrored: bool = False) -> np.ndarray:
    """Return float32 ``(n, classes)`` probabilities of uint8 images ``(n, height, width, …)``.

    With ``mirrored``, the mean of those of the image and of its mirror image.

    Raises:
        FerError: not a batch of images, or values that were divided by 255 already.
    """
    check_images(images)
    probabilities = model.predict(images, batch_size=batch_size(model), verbose=0)
    if not mirrored:
        return probabilities
    return (probabilities + predict(model, images[:, :, ::-1])) / 2


def check_images(images):
    """Raise FerError unless these are images as they are, a batch of them, 0 to 255."""
    if np.ndim(images) not in (3, 4):
        raise FerError(
            f"images have shape {np.shape(images)}: give (n, height, width), a single one as "
            "image[None]"
        )
    # Networks scale inside: what is scaled before they see as all but black.
    if np.issubdtype(images.dtype, np.floating) and images.size and images.max() <= 1:
        raise FerError("the images' largest value is 1 or less: give them as they are, 0 to 255")


def batch_size(model):
    """Return how many images a model is asked about at once, 1 to 512."""
    shapes = [layer.output.shape for layer in model.layers]
    pixels = [
        math.prod(shape[1:3]) for shape in shapes if len(shape) == 4 and None not in shape[1:3]
    ]
    return max(1, min(_BATCH, _PIXELS // max(pixels, default=1)))
