"""Transforms that change values where they stand: morphology, blurs, sharpening, inversion."""

import cv2
import numpy as np

from fer_utils.augment.bank.registry import register

_FIVE = np.ones((5, 5), "uint8")
_SHARPEN = np.array([[1, 1, 1], [1, -7, 1], [1, 1, 1]], "float32")
_EDGES = np.full((5, 5), -1, "float32")
_EDGES[1:4, 1:4] = 2
_EDGES[2, 2] = 8
_EDGES /= 8  # sums to 1, as _SHARPEN does: a flat image stays


@register
def erode(image):
    """Take the darkest of 5x5 pixels (seed 000 cvErode, sahuja)."""
    return cv2.erode(image, _FIVE)


@register
def dilate(image):
    """Take the brightest of 5x5 pixels (seed 000 cvDilate, sahuja)."""
    return cv2.dilate(image, _FIVE)


@register
def dilate_twice(image):
    """Take the brightest of 5x5 pixels, two times: of 9x9 pixels (seed 000 cvDilate2)."""
    return cv2.dilate(image, _FIVE, iterations=2)


@register
def opening(image):
    """Erode, then dilate, over 5x5 pixels: small bright spots go (sahuja)."""
    return cv2.morphologyEx(image, cv2.MORPH_OPEN, _FIVE)


@register
def closing(image):
    """Dilate, then erode, over 5x5 pixels: small dark spots go (sahuja)."""
    return cv2.morphologyEx(image, cv2.MORPH_CLOSE, _FIVE)


@register
def median_blur(image):
    """Take the median of 7x7 pixels (seed 000 cvMedianBlur).

    Put right: OpenCV takes no float image with a window above 5, and seed 000 fed floats, so
    its runs did without this one. It works on uint8.
    """
    return cv2.medianBlur(image, 7)


@register
def sharpen(image):
    """Filter by 3x3 weights, -7 in the middle and 1 around (seed 000 cvExcessiveSharpening)."""
    return cv2.filter2D(image, -1, _SHARPEN)


@register
def enhance_edges(image):
    """Filter by 5x5 weights: 8 in the middle, 2 around it, -1 on the rim (seed 000).

    The weights of cvEdgeEnhancement, divided by 8.
    """
    return cv2.filter2D(image, -1, _EDGES)


@register
def motion_blur_15(image):
    """Average 15 pixels of a row (seed 000 cvBlurMotion1)."""
    return cv2.blur(image, (15, 1))


@register
def motion_blur_30(image):
    """Average 30 pixels of a row (seed 000 cvBlurMotion2).

    Put right: the original's row of weights was not in the middle of its 30x30 window, which
    moved the image down by a pixel.
    """
    return cv2.blur(image, (30, 1))


@register
def box_blur(image):
    """Average 5x5 pixels (en4242; sahuja twice, as a blur and as a filter of equal weights)."""
    return cv2.blur(image, (5, 5))


@register
def gaussian_blur(image):
    """Average 5x5 pixels by a Gauss curve of 1.1 pixels (en4242)."""
    return cv2.GaussianBlur(image, (5, 5), 0)


@register
def gaussian_blur_5(image):
    """Average by a Gauss curve of 5 pixels (420).

    Put right: the original blurred across the colours too, which greyed a colour image.
    """
    return cv2.GaussianBlur(image, (41, 41), 5, borderType=cv2.BORDER_REFLECT)


@register
def bilateral(image):
    """Average 9 pixels across where they are alike, so that edges stay (en4242: 9, 75, 75)."""
    return cv2.bilateralFilter(image, 9, 75, 75)


@register
def invert(image):
    """Swap dark and bright (420)."""
    return 255 - image


@register
def standardise(image):
    """Bring mean and standard deviation to 128 and 64 (420's samplewise centring and scaling).

    Put right: the original left the switch off, as it did for its scaling by feature and its
    whitening, and so saved three copies of the image. Those two need the statistics of a whole
    data set and are left out.
    """
    image = image.astype("float32")
    scaled = (image - image.mean()) * (64 / max(float(image.std()), 1e-3)) + 128
    return np.clip(np.rint(scaled), 0, 255).astype("uint8")
