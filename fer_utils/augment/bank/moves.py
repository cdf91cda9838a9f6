"""Transforms that move pixels by fixed amounts: mirrors, rotations, shifts, shears, crops."""

import cv2
import numpy as np

from fer_utils.augment.bank.registry import enter, register
from fer_utils.augment.bank.warp import about_middle, shifted, slant, through_points, turn, warp

SIDE = 350  # of the class's photographs, in pixels
OPENFACE = 96  # of the crops that cBuckley started from


@register
def mirror(image):
    """Swap left and right (seed 000 reflectY, en4242, JN721).

    Put right: reflectY was one pixel off, which made the first column black, and took the
    height for the width.
    """
    return cv2.flip(image, 1)


@register
def flip_vertical(image):
    """Swap top and bottom (en4242)."""
    return cv2.flip(image, 0)


@register
def rotate_zoom_5(image):
    """Turn 5 degrees to the left and enlarge by a tenth: no corner stays empty (seed 000 rotate5).

    Put right: the original had the numbers of 350x350 written in and was not centred.
    """
    return warp(image, about_middle(image, turn(5) / 1.1), edge=True)


@register
def shift_down_right(image):
    """Move down and to the right by a seventh (en4242: 50 of 350 pixels)."""
    return warp(image, shifted(image, 50 / SIDE, 50 / SIDE))


@register
def shift_up_left(image):
    """Move up and to the left by a seventh (en4242: 50 of 350 pixels)."""
    return warp(image, shifted(image, -50 / SIDE, -50 / SIDE))


@register
def shift_far(image):
    """Move to the right by two sevenths and down by one (sahuja: 100 and 50 of 350 pixels)."""
    return warp(image, shifted(image, 100 / SIDE, 50 / SIDE))


@register
def turn_45(image):
    """Take pixel p at p turned by 45 degrees about the corner and moved (jhamski's first warp).

    Put right: its shift to the right was half the height, which is half the width only where
    the image is square.
    """
    return warp(image, _turned_45(image))


@register
def turn_45_back(image):
    """Do the inverse of ``turn_45`` (jhamski's second warp)."""
    return warp(image, np.linalg.inv(_turned_45(image)))


def _turned_45(image):
    around_corner = np.eye(3)
    around_corner[:2, :2] = turn(45)
    return shifted(image, -1 / 2, 100 / SIDE) @ around_corner


@register
def shear_50(image):
    """Shear by 50 degrees about the corner (jhamski's third warp: pi / -3.6)."""
    return warp(image, _sheared_50())


@register
def shear_50_back(image):
    """Do the inverse of ``shear_50`` (jhamski's fourth warp)."""
    return warp(image, np.linalg.inv(_sheared_50()))


def _sheared_50():
    matrix = np.eye(3)
    matrix[:2, :2] = slant(-50)
    return matrix


@register
def double_size(image):
    """Enlarge to twice the size by cubics (sahuja); brought back, hardly a change."""
    size = image.shape[1::-1]
    twice = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return cv2.resize(twice, size, interpolation=cv2.INTER_AREA)


def _rotation(degrees):
    def rotate(image):
        return warp(image, about_middle(image, turn(degrees)))

    return rotate


# en4242's file says that positive is clockwise; OpenCV and scikit-image turn to the left.
for _degrees in (5, 10, 15, 30, 75, 90, 120, 150, 180, 210, 225, 270, 300):
    _text = f"Turn {_degrees} degrees to the left about the middle, black outside."
    enter(f"rotate_left_{_degrees}", _rotation(_degrees), _text)
for _degrees in (5, 10, 15, 30):
    _text = f"Turn {_degrees} degrees to the right about the middle, black outside."
    enter(f"rotate_right_{_degrees}", _rotation(-_degrees), _text)


def _crop(part):
    def crop(image):
        keep = 1 - 2 / part
        return warp(image, about_middle(image, np.eye(2) * keep), edge=True)

    return crop


for _part in (8, 10, 12):
    _text = f"Cut 1/{_part} off each side (JN721); the rest is brought back to the size."
    enter(f"crop_{_part}", _crop(_part), _text)


def _points(before, after, side):
    def move(image):
        return warp(image, through_points(image, before, after, side))

    return move


_AFFINE = (
    ([[10, 10], [10, 70], [70, 10]], [[1, 1], [20, 80], [80, 20]]),
    ([[1, 1], [20, 80], [80, 20]], [[10, 10], [20, 70], [70, 20]]),
    ([[20, 20], [10, 80], [80, 10]], [[1, 1], [30, 70], [70, 30]]),
)
for _i, (_before, _after) in enumerate(_AFFINE, 1):
    _text = f"Skew so that {_before} of 96x96 pixels come to {_after} (cBuckley)."
    enter(f"skew_{_i}", _points(_before, _after, OPENFACE), _text)
_before, _after = [[50, 50], [200, 50], [50, 200]], [[10, 100], [200, 50], [100, 250]]
_text = f"Skew so that {_before} of 350x350 pixels come to {_after} (sahuja)."
enter("skew_4", _points(_before, _after, SIDE), _text)

_PERSPECTIVE = (
    [[2, 3], [93, 4], [5, 90], [92, 91]],
    [[6, 7], [89, 8], [9, 87], [85, 88]],
    [[10, 11], [93, 12], [13, 82], [83, 84]],
)
_CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
for _i, _before in enumerate(_PERSPECTIVE, 1):
    _text = f"Spread the quadrangle {_before} of 96x96 pixels over the image (cBuckley)."
    enter(f"perspective_{_i}", _points(_before, _CORNERS * OPENFACE, OPENFACE), _text)
_text = """Spread a quadrangle over the image (sahuja).

Put right: its corners are those of a tutorial's 400x400 picture and lie partly outside the
class's 350x350; here they are shares of 400."""
_before = [[56, 65], [368, 52], [28, 387], [389, 390]]
enter("perspective_4", _points(_before, _CORNERS * 400, 400), _text)
