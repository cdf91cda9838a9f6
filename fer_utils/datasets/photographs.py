"""Photographs of any size and mode, as uint8 grey or RGB.

What a camera, a scanner or a web page makes of a photograph is undone: it is turned upright
as its EXIF says, laid on white where it is transparent, and brought to 8 bits. The format is
told by content: a WebP named .jpg is read.
"""

import math
import os
import re
from pathlib import Path

import numpy as np

from fer_utils.datasets.images import opened, resized
from fer_utils.errors import FerError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm")
LARGEST = 80_000_000  # pixels; a larger image is no photograph of a face but a bomb
FITS = ("stretch", "crop", "pad")
_WITH_EXIF = ("JPEG", "PNG", "WEBP")  # a reduced one still tells which side is up
_REDUCIBLE = ("L", "RGB", "RGBA", "CMYK")


def read(path, rgb=False):
    """Return one photograph, upright, in its own size.

    Args:
        path: image file; of an animation the first picture is taken.
        rgb: three channels instead of grey (ITU-R 601 luma).

    Returns:
        uint8 ``(height, width)`` or ``(height, width, 3)``, 0-255. 16 bits keep their upper 8.

    Raises:
        FerError: no image, damaged, empty, or larger than ``LARGEST`` pixels.
    """
    return opened(path, lambda image: as_array(image, rgb, path))


def read_reduced(path, most):
    """Return a photograph in RGB as ``read`` does, but of so many pixels at most.

    A large one is reduced before anything else is done with it, so that it takes a fifth of the
    memory. Formats and modes that this cannot be done with come in their own size.

    Args:
        path: image file.
        most: int, pixels.

    Returns:
        uint8 ``(height, width, 3)``, and the int factor by which each side was reduced.

    Raises:
        FerError: as ``read``.
    """

    def small(image):
        _check(path, image)
        factor = factor_for(image.size, most)
        if factor > 1 and image.format in _WITH_EXIF and image.mode in _REDUCIBLE:
            return as_array(_even(image, factor).reduce(factor), True, path), factor
        return as_array(image, True, path), 1

    return opened(path, small)


def _even(image, factor):
    """Return an image upright where the factor leaves a rest, which belongs right and below."""
    from PIL import ImageOps

    rest = image.width % factor or image.height % factor
    return ImageOps.exif_transpose(image) if rest else image


def factor_for(size, most):
    """Return by which int each side must be divided so that no more than so many pixels stay."""
    return math.ceil(math.sqrt(size[0] * size[1] / most)) if size[0] * size[1] > most else 1


def as_array(image, rgb=False, name="image"):
    """Return a Pillow image as an array, upright, see ``read``.

    Args:
        image: ``PIL.Image.Image``.
        rgb: three channels instead of grey.
        name: what errors call it.
    """
    from PIL import ImageOps

    _check(name, image)
    upright = ImageOps.exif_transpose(image)
    return np.asarray(_eight_bits(name, upright).convert("RGB" if rgb else "L"))


def fitted(image, shape, fit="stretch"):
    """Return an image at another size: by area to shrink, bilinear to enlarge.

    Args:
        image: uint8 ``(height, width)`` or ``(height, width, 3)``.
        shape: ``(height, width)`` wanted.
        fit: how to change its shape: ``stretch``, ``crop`` the middle, or ``pad`` with black.
    """
    if fit == "crop":
        image = _middle(image, shape)
    if fit == "pad":
        return _padded(image, shape)
    return image if image.shape[:2] == tuple(shape) else resized(image, shape)


def _middle(image, shape):
    """Return the largest part in the middle that has the proportions of ``shape``."""
    height, width = image.shape[:2]
    scale = min(height / shape[0], width / shape[1])
    high, wide = (min(max(round(side * scale), 1), most) for side, most in
                  zip(shape, (height, width), strict=True))  # fmt: skip
    top, left = (height - high) // 2, (width - wide) // 2
    return image[top : top + high, left : left + wide]


def _padded(image, shape):
    """Return the whole image, as large as fits, in the middle of a black one."""
    height, width = image.shape[:2]
    scale = min(shape[0] / height, shape[1] / width)
    high, wide = max(round(height * scale), 1), max(round(width * scale), 1)
    top, left = (shape[0] - high) // 2, (shape[1] - wide) // 2
    out = np.zeros((*shape, *image.shape[2:]), np.uint8)
    out[top : top + high, left : left + wide] = fitted(image, (high, wide))
    return out


def person_of(name):
    """Return whom a photograph shows, by its file name: that is what makes groups.

    The trailing number, its letter and a code such as JAFFE's ``.AN2`` are taken off. Names
    that only such parts tell apart are one person: if in doubt, one group.

    Example:
        >>> person_of("images/George_W_Bush_0003.jpg"), person_of("KA.AN2.40.jpg")
        ('george_w_bush', 'ka')
    """
    stem = re.sub(r"[\W_]*\d+[A-Za-z]?$", "", Path(name).stem)
    return re.sub(r"\.[A-Z]{2}\d*$", "", stem).strip("_-. ").lower()


def images_in(folder):
    """Return the sorted Paths of the image files in a folder, hidden ones left out."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(e.path) for e in entries if e.name[0] != "." and e.is_file()]
    except OSError as error:
        raise FerError(f"{folder} cannot be read ({error.strerror}): check permissions") from error
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def _check(path, image):
    if image.width * image.height > LARGEST:
        size = f"{image.width}x{image.height}"
        raise FerError(f"{path} has {size} pixels, too many for a photograph: shrink or remove it")
    if min(image.size) < 1:
        raise FerError(f"{path} has no pixels: replace or remove it")


def _eight_bits(path, image):
    """Return an opaque image of 8 bits a channel, in whatever mode."""
    from PIL import Image

    if image.mode[0] in "IF":
        values = np.asarray(image)
        if values.dtype.kind == "f" or values.min() < 0 or values.max() > 65535:
            raise FerError(f"{path} has more than 16 bits a pixel: save it with 8, or remove it")
        return Image.fromarray((values >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA"))
