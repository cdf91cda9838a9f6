"""Image files as grey arrays, and images at another size."""

import io
import warnings
from pathlib import Path

import numpy as np

from fer_utils.errors import FerError

# Only formats that need no other program: EPS, for one, would start Ghostscript.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
_LONGEST = 4096  # pixels of a side that images are resized to


def opened(path, as_wanted, remedy="replace or remove it"):
    """Return what a function makes of an image file; whatever is wrong with it is a FerError.

    Args:
        path: image file.
        as_wanted: function of a ``PIL.Image.Image``, which is not decoded yet.
        remedy: what an error says to do.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.format != "PNG":
                return as_wanted(image)
            image.verify()  # Pillow's decoder passes over the checksums of the pixels
        with Image.open(path, formats=_FORMATS) as image:
            return as_wanted(image)
    except FerError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FerError(f"{path} has too many pixels: {remedy}") from error
    except PermissionError as error:
        raise FerError(f"{path} may not be read: change its permissions") from error
    except Exception as error:  # what damaged files make the decoders raise is without end
        what = "is empty" if _is_empty(path) else "is no image that can be read"
        raise FerError(f"{path} {what}: {remedy}") from error


def _is_empty(path):
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


def grey(path, largest, remedy, exact=False):
    """Return an image file as uint8 ``(height, width)``, grey.

    Args:
        path: Path of the file.
        largest: pixels it may have; what has more is not decoded.
        remedy: what an error says to do.
        exact: refuse what is not stored as 8-bit grey, rather than convert it.

    Raises:
        FerError: it is no image, too large, or has too many bits; one line that names it.
    """

    def as_grey(image):
        unfit = _unfit(image, largest, exact)
        if unfit:
            raise FerError(f"{path} {unfit}: {remedy}")
        return np.asarray(image if image.mode == "L" else image.convert("L"))

    with warnings.catch_warnings():  # not in opened, which threads share
        warnings.simplefilter("ignore")  # odd EXIF, and bombs: there is a limit of ours
        return opened(path, as_grey, remedy)


def _unfit(image, largest, exact):
    if image.width * image.height > largest:
        return f"is too large ({image.width}x{image.height} pixels)"
    if exact and image.mode != "L":
        return f"is not 8-bit grey ({image.mode})"
    return "has more than 8 bits a pixel" if image.mode[0] in "IF" else None


def encoded(image, kind, **options):
    """Return an image as the bytes of a file, to be written with Python's own ``write_bytes``.

    Pillow, writing a file itself, takes a write that a full disk cut short for a whole one.

    Args:
        image: ``PIL.Image.Image``.
        kind: ``PNG``, ``JPEG``.
        **options: of ``Image.save``.
    """
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def shape_of(size):
    """Return ``(height, width)`` of a size: a number, two of them, or None, which stays None.

    Raises:
        FerError: it is none of these.
    """
    if size is None:
        return None
    shape = tuple(size) if hasattr(size, "__len__") else (size, size)
    if len(shape) != 2 or not all(_is_side(side) for side in shape):
        raise FerError(f"size {size!r} is not a number of pixels: give for example 48 or (48, 64)")
    return int(shape[0]), int(shape[1])


def _is_side(side):
    return isinstance(side, int | np.integer) and 1 <= side <= _LONGEST


def resized(image, shape):
    """Return one uint8 image at ``(height, width)``: INTER_AREA to shrink, else INTER_LINEAR."""
    import cv2

    shrinks = shape[0] < image.shape[0] or shape[1] < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, shape[::-1], interpolation=how)


def all_resized(images, shape):
    """Return images, each uint8 ``(height, width)``, as one uint8 ``(n, *shape)``."""
    out = np.empty((len(images), *shape), np.uint8)
    for i, image in enumerate(images):
        out[i] = image if image.shape == shape else resized(image, shape)
    return out
