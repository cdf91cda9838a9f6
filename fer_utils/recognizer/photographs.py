"""Whatever stands for a photograph, as uint8 RGB of a bounded size."""

import os

import numpy as np

from fer_utils.datasets import photographs
from fer_utils.errors import FerError

MOST = 16_000_000  # pixels; larger photographs are reduced, for a face needs 48x48 of them


def as_photograph(image, name="photograph"):
    """Return a photograph as an array, upright, opaque, and of ``MOST`` pixels at most.

    Args:
        image: path of a file, ``PIL.Image.Image``, or uint8 array ``(height, width)``,
            ``(height, width, 3)`` RGB or ``(height, width, 4)`` RGBA.
        name: what errors call it where it has no path.

    Returns:
        uint8 ``(height, width, 3)`` RGB, and the int factor by which each side was reduced, 1 for
        most.

    Raises:
        FerError: it is none of these, missing, or damaged.
    """
    from PIL import Image

    if isinstance(image, str | os.PathLike):
        if not os.path.exists(image):
            raise FerError(f"{image} is missing: check the path")
        photo, factor = photographs.read_reduced(image, MOST)
        return (photo, factor) if factor > 1 else _bounded(photo)
    if isinstance(image, Image.Image):
        photo = _pillow(image, name)
    elif _is_photograph(image):
        photo = _array(image, name)
    else:
        raise FerError(f"{name} is {_kind(image)}: give a path, a Pillow image, or uint8 pixels")
    return _bounded(photo)


def _pillow(image, name):
    try:
        return photographs.as_array(image, rgb=True, name=name)
    except FerError:
        raise
    except Exception as error:  # it is decoded only now
        raise FerError(f"{name} is no image that can be read: replace it") from error


def _is_photograph(image):
    fits = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size > 0
    return fits and (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3, 4)))


def _array(image, name):
    from PIL import Image

    if image.ndim == 3 and image.shape[2] == 4:
        return photographs.as_array(Image.fromarray(image), rgb=True, name=name)
    channels = image if image.ndim == 3 else image[..., None]
    return np.repeat(channels, 3, axis=2) if channels.shape[2] == 1 else channels


def _kind(image):
    shape = getattr(image, "shape", None)
    return type(image).__name__ if shape is None else f"{image.dtype} {shape}"


def _bounded(photo):
    factor = photographs.factor_for(photo.shape[:2], MOST)
    if factor == 1:
        return photo, 1
    from PIL import Image

    return np.asarray(Image.fromarray(photo).reduce(factor)), factor


def grey(photo):
    """Return the grey of an RGB photograph as docs/crop.md has it: uint8 ``(height, width)``."""
    from PIL import Image

    return np.asarray(Image.fromarray(photo).convert("L"))
