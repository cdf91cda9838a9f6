"""Transforms that draw their amounts anew each time; the same seed draws the same."""

import numpy as np

from fer_utils.augment.bank.registry import register
from fer_utils.augment.bank.warp import about_middle, shifted, slant, turn, warp

RADIAN = float(np.rad2deg(1))


@register
def random_generator(image, rng):
    """Turn up to 20 degrees, shift, zoom and shear by up to a tenth, mirror every second one.

    Keras's ImageDataGenerator as seed 000 and 302_WU set it. Its shear of 0.1 is 5.7 degrees:
    Keras 1 counted in radians, later versions read 0.1 degrees. Outside, the edge repeats.
    """
    return generated(image, rng, rotation=20, shift=0.1, shear=0.1 * RADIAN, zoom=0.1, flip=True)


@register
def random_rotation(image, rng):
    """Turn by up to 40 degrees, the edge repeats (420)."""
    return generated(image, rng, rotation=40)


@register
def random_shift(image, rng):
    """Shift by up to a fifth of each side, the edge repeats (420)."""
    return generated(image, rng, shift=0.2)


@register
def random_shear_zoom(image, rng):
    """Shear by up to 0.2 radians, zoom by up to a fifth, mirror every second one (420).

    Put right: the original's scaling by 1/255 is left out, since a saved image undoes it.
    """
    return generated(image, rng, shear=0.2 * RADIAN, zoom=0.2, flip=True)


@register
def random_flip(image, rng):
    """Mirror every second image and turn every second one upside down (420)."""
    return image[:: rng.choice((1, -1)), :: rng.choice((1, -1))].copy()


@register
def random_channel_shift(image, rng):
    """Brighten or darken each channel by up to a fifth of the range (420).

    Put right: the original moved values of 0-255 by up to 0.2, which no saved image shows.
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    amount = np.rint(rng.uniform(-0.2, 0.2, channels) * 255)
    return np.clip(image + amount if channels > 1 else image + amount[0], 0, 255).astype("uint8")


@register
def random_scale_down(image, rng):
    """Shrink by 1.1, 1.15 or 1.21, black around (JN721, two copies a photograph).

    Put right: the original shrank towards the upper left corner.
    """
    factor = np.sqrt(1.1) ** rng.integers(2, 5)
    return warp(image, about_middle(image, np.eye(2) * factor))


def generated(image, rng, rotation=0, shift=0, shear=0, zoom=0, flip=False):
    """Return the image as ImageDataGenerator would draw it, in one warp.

    Args:
        image: uint8 ``(height, width)`` or ``(height, width, 3)``.
        rng: ``numpy.random.Generator``.
        rotation: degrees, drawn between its negative and itself, as are the next two.
        shift: share of each side.
        shear: degrees.
        zoom: each axis is scaled by a number between ``1 - zoom`` and ``1 + zoom``.
        flip: whether to mirror every second image.
    """
    angle, right, down, lean, *scale = rng.uniform(-1, 1, 6)
    sides = np.diag([rng.choice((1, -1)) if flip else 1, 1]).astype(float)
    matrix = turn(rotation * angle) @ slant(shear * lean) @ np.diag(1 + zoom * np.array(scale))
    move = shifted(image, shift * right, shift * down)
    return warp(image, move @ about_middle(image, matrix @ sides), edge=True)
