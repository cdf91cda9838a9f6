"""Images spoilt in five degrees, and what models still make of them.

After ImageNet-C (Hendrycks and Dietterich 2019, https://arxiv.org/abs/1903.12261). Degrees of
noise, blur, brightness, contrast and JPEG are those that its authors gave CIFAR-10-C, whose
images have 32 pixels, the nearest to FER2013's 48; a blur is scaled with the image. They only
brighten; here half of the images grow darker, as faces do. What covers, turns and scales a face
is ours.
"""

import io
import numbers

import numpy as np

from fer_utils.errors import FerError

STRENGTHS = (1, 2, 3, 4, 5)


def corrupt(images: np.ndarray, name: str, strength: int, seed: int = 0) -> np.ndarray:
    """Return images spoilt in one way.

    What is drawn (grain, a direction, a place) follows from the seed and an image's place among
    the images, not from the strength: a greater strength is more of the same.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, channels)``.
        name: one of ``CORRUPTIONS``.
        strength: int, 1 to 5.
        seed: int, 0 or more.

    Returns:
        uint8 of the same shape.

    Raises:
        FerError: no such name, strength or seed; not such images, or none.

    Example:
        >>> corrupt(faces.images[:2], "noise", 5).shape
        (2, 48, 48)
    """
    images = np.asarray(images)
    if name not in CORRUPTIONS:
        raise FerError(f"there is no corruption {name!r}: take one of {', '.join(CORRUPTIONS)}")
    if not isinstance(strength, numbers.Integral) or strength not in STRENGTHS:
        raise FerError(f"strength {strength}: take 1 to {STRENGTHS[-1]}, a whole number")
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise FerError(f"seed {seed}: take a whole number, 0 or more")
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise FerError(
            f"images are {images.dtype} {images.shape}: give uint8 (n, height, width), "
            "a single one as image[None]"
        )
    if not images.size:
        raise FerError(f"images are {images.shape}, there are none to spoil: give at least one")
    function, amounts = CORRUPTIONS[name]
    rng = np.random.default_rng([seed, *name.encode()])
    return function(images, amounts[strength - 1], rng)


def _noise(images, amount, rng):
    """Add a normal grain, its deviation a share of the range."""
    grain = rng.normal(size=images.shape)
    return _rounded(images + 255 * amount * grain)


def _blur(images, amount, rng):
    """Average by a Gauss curve of so many pixels of 32."""
    import cv2

    deviation = amount * min(images.shape[1:3]) / 32
    return _each(images, lambda image: cv2.GaussianBlur(image, (0, 0), deviation))


def _brightness(images, amount, rng):
    """Brighten, or darken, by a share of the range."""
    return _rounded(images + 255 * amount * _across(_signs(images, rng), images))


def _contrast(images, amount, rng):
    """Leave so much of the distance to the image's mean."""
    means = images.mean(axis=(1, 2), keepdims=True)
    return _rounded((images - means) * amount + means)


def _jpeg(images, amount, rng):
    """Save as JPEG of a quality, and read again."""
    return _each(images, lambda image: _saved(image, amount))


def _saved(image, quality):
    from PIL import Image

    grey = image.size == image.shape[0] * image.shape[1]
    file = io.BytesIO()
    Image.fromarray(image.reshape(image.shape[:2]) if grey else image).save(
        file, "JPEG", quality=quality
    )
    return np.asarray(Image.open(file))


def _occlusion(images, amount, rng):
    """Cover a square with the image's mean: its side is a share of the shorter one."""
    height, width = images.shape[1:3]
    side = round(amount * min(height, width))
    places = rng.random((len(images), 2)) * (height - side + 1, width - side + 1)
    covered = images.copy()
    for image, (top, left) in zip(covered, places.astype(int), strict=True):
        image[top : top + side, left : left + side] = np.rint(image.mean(axis=(0, 1)))
    return covered


def _rotation(images, amount, rng):
    """Turn by degrees, to the left or to the right; the edge repeats."""
    from fer_utils.augment.bank.warp import turn

    return _moved(images, lambda sign: turn(sign * amount), rng)


def _scale(images, amount, rng):
    """Enlarge by a factor, or shrink by it; the edge repeats."""
    return _moved(images, lambda sign: np.eye(2) * amount**sign, rng)


CORRUPTIONS = {  # name: (function, its amount at each strength)
    "noise": (_noise, (0.04, 0.06, 0.08, 0.09, 0.10)),
    "blur": (_blur, (0.4, 0.6, 0.7, 0.8, 1.0)),
    "brightness": (_brightness, (0.05, 0.10, 0.15, 0.20, 0.30)),
    "contrast": (_contrast, (0.75, 0.5, 0.4, 0.3, 0.15)),
    "jpeg": (_jpeg, (80, 65, 58, 50, 40)),
    "occlusion": (_occlusion, (0.2, 0.3, 0.4, 0.5, 0.6)),
    "rotation": (_rotation, (5, 10, 15, 20, 30)),
    "scale": (_scale, (1.05, 1.1, 1.2, 1.3, 1.5)),
}


def _signs(images, rng):
    return rng.choice((-1, 1), len(images))


def _across(values, images):
    """Return a number for each image in a shape that goes with theirs."""
    return values.reshape(-1, *[1] * (images.ndim - 1))


def _each(images, function):
    return np.stack([function(image).reshape(image.shape) for image in images])


def _moved(images, matrix, rng):
    from fer_utils.augment.bank.warp import about_middle, warp

    signs = _signs(images, rng)
    moved = [
        warp(image, about_middle(image, matrix(sign)), edge=True).reshape(image.shape)
        for image, sign in zip(images, signs, strict=True)
    ]
    return np.stack(moved)


def _rounded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
