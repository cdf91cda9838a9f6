"""Moving pixels: matrices from output to input, and the one call to OpenCV."""

import cv2
import numpy as np


def warp(image, matrix, edge=False, cubic=False):
    """Return the image whose pixel (x, y) is taken at ``matrix @ (x, y, 1)``.

    Args:
        image: uint8 ``(height, width)`` or ``(height, width, 3)``.
        matrix: float ``(3, 3)``, affine or perspective, from output to input pixels.
        edge: whether what lies outside repeats the edge; else it is black.
        cubic: whether to interpolate by cubics; else linearly.
    """
    size = image.shape[1::-1]
    how = cv2.WARP_INVERSE_MAP | (cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR)
    border = cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT
    if np.array_equal(matrix[2], (0, 0, 1)):
        return cv2.warpAffine(image, matrix[:2], size, flags=how, borderMode=border)
    return cv2.warpPerspective(image, matrix, size, flags=how, borderMode=border)


def about_middle(image, matrix):
    """Return the matrix ``(3, 3)`` that does ``matrix`` ``(2, 2)`` about the image's middle."""
    middle = (np.array(image.shape[1::-1]) - 1) / 2
    full = np.eye(3)
    full[:2, :2] = matrix
    full[:2, 2] = middle - matrix @ middle
    return full


def turn(degrees):
    """Return the matrix ``(2, 2)``, output to input, that turns the image to the left."""
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def slant(degrees):
    """Return the matrix ``(2, 2)`` of a shear, as Keras and scikit-image have it."""
    angle = np.deg2rad(degrees)
    return np.array([[1, -np.sin(angle)], [0, np.cos(angle)]])


def shifted(image, right, down):
    """Return the matrix that moves the image by shares of its sides."""
    height, width = image.shape[:2]
    return np.array([[1, 0, -right * width], [0, 1, -down * height], [0, 0, 1.0]])


def through_points(image, before, after, side):
    """Return the matrix that brings points of the input to points of the output.

    Args:
        image: the image.
        before: 3 or 4 pairs (x, y) in an image of ``side``.
        after: where they go.
        side: in pixels, of the source's images.
    """
    scale = np.array(image.shape[1::-1]) / side
    before, after = (
        np.array(points * scale, "float32") for points in map(np.array, (before, after))
    )
    if len(before) == 4:
        return cv2.getPerspectiveTransform(after, before)
    return np.vstack([cv2.getAffineTransform(after, before), (0, 0, 1)])
