"""Photographs of any size and mode, as uint8 grey or RGB.

What a camera, a scanner or a web page makes of a photograph is undone: it is turned upright
as its EXIF says, laid on white where it is transparent, and brought to 8 bits. The format is
told by content: a WebP named .jpg is read.
"""

import os
import re
from pathlib import Path

import numpy as np

from fer_utils.datasets.images import resized
from fer_utils.errors import FerError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm")
LARGEST = 80_000_000  # pixels; a larger image is no photograph of a face but a bomb
FITS = ("stretch", "crop", "pad")
# Only formats that need no other program: EPS, for one, would start Ghostscript.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")


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
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as image:
            return as_array(image, rgb, path)
    except FerError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FerError(f"{path} has too many pixels: shrink or remove it") from error
    except Exception as error:  # what damaged files make the decoders raise is without end
        what = "is empty" if _is_empty(path) else "is no image that can be read"
        raise FerError(f"{path} {what}: replace or remove it") from error


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


def _is_empty(path):
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False
