"""Cutting a face out of its photograph: a square, of any size, upright on request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_utils.datasets import images
from fer_utils.errors import FerError
from fer_utils.faces.detection import check

if TYPE_CHECKING:
    from fer_utils.faces import Face

MARGIN = 0.1  # share of the box's longer side that is added on each side
CONFIDENT = 0.9  # from which confidence on a face is believed
_MOST = 100_000_000  # pixels of a square before it is shrunk: no photograph of a face has more


def largest(faces: Iterable[Face], confident: float = CONFIDENT) -> Face | None:
    """Return the face of the largest box among the confident ones; None if there is none."""
    believed = [face for face in faces if face.confidence >= confident]
    return max(believed, key=lambda face: face.box[2] * face.box[3], default=None)


def crop(
    photo: np.ndarray, face: Face, size: int, margin: float = MARGIN, align: bool = False
) -> np.ndarray:
    """Return the square around a face at another size.

    The square lies in the photograph: of a box at the border only the part inside counts, then
    the margin gives way, then the square moves. Only where the face itself is longer than the
    photograph is wide (or the other way round) are edge pixels repeated, for a face is never
    squashed.

    Args:
        photo: uint8 ``(height, width)`` or ``(height, width, 3)``.
        face: Face.
        size: int, side of the result in pixels.
        margin: share of the box's longer side to add on each side, 0 or more; less than 0 cuts.
        align: turn the face about its middle until the eyes are level; where the turned square
            reaches beyond the photograph, edge pixels are repeated.

    Returns:
        uint8 ``(size, size)`` or ``(size, size, 3)``.

    Raises:
        FerError: an argument out of its range, a box outside the photograph, or one so long that
            its square would not fit into memory.
    """
    check(photo)
    check_options(size, margin)
    left, top, side = square(face.box, photo.shape, margin)
    if side * side > _MOST:
        raise FerError(f"the square around the face has {side}x{side} pixels: shrink or cut it")
    middle = (left + (side - 1) / 2, top + (side - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, _tilt(face) if align else 0, 1)
    turn[:, 2] -= (left, top)
    cut = cv2.warpAffine(
        photo, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cut if side == size else images.resized(cut, (size, size))


def square(
    box: Sequence[float], shape: tuple[int, ...], margin: float = MARGIN
) -> tuple[int, int, int]:
    """Return the square to cut as ints ``(left, top, side)``, see ``crop``.

    Args:
        box: ``(x, y, width, height)``; may reach beyond the photograph.
        shape: ``(height, width, ...)`` of the photograph.
        margin: share of the box's longer side to add on each side.

    Returns:
        tuple of int; left or top is negative only where the side exceeds the photograph's.
    """
    x, y, width, height = inside(box, shape)
    longer = max(width, height)
    side = min(longer * (1 + 2 * margin), max(longer, min(shape[:2])))
    side = max(round(side), 1)
    corners = (x + (width - side) / 2, y + (height - side) / 2)
    return *(_moved(c, side, n) for c, n in zip(corners, shape[1::-1], strict=True)), side


def inside(box: Sequence[float], shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Return the part ``(x, y, width, height)`` of a box that lies in a photograph.

    Raises:
        FerError: none of it does, or it is no box.
    """
    x, y, width, height = (float(value) for value in box)
    left, right = max(x, 0.0), min(x + width, float(shape[1]))
    top, bottom = max(y, 0.0), min(y + height, float(shape[0]))
    if not (right > left and bottom > top):
        raise FerError(
            f"the box {tuple(box)} has no part in a photograph of {shape[1]}x{shape[0]}: give "
            "(x, y, width, height) in its pixels"
        )
    return left, top, right - left, bottom - top


def check_options(size: int, margin: float) -> None:
    """Raise FerError unless crops of this size and margin can be made."""
    if not isinstance(size, int | np.integer) or not 1 <= size <= 4096:
        raise FerError(f"size is {size!r}: crops are square, give one number of pixels, say 48")
    if not -0.5 < margin <= 4:
        raise FerError(
            f"margin is {margin!r}: give a share of the face, from 0 to 4, say {MARGIN}"
        )


def _moved(start, side, extent):
    if side > extent:
        return math.floor((extent - side) / 2)
    return min(max(round(start), 0), extent - side)


def _tilt(face):
    """Return by how many degrees a face leans clockwise; 0 where its eyes are unknown."""
    if face.eyes is None:
        return 0.0
    (x, y), (right_x, right_y) = face.eyes
    return math.degrees(math.atan2(right_y - y, right_x - x))
