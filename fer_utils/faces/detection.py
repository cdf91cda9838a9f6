"""Finding the faces of photographs of any size, many at a time.

Every photograph is brought to one size, so that all of them go through the networks in
batches: large ones get faster, and in small ones faces are found that fill all of them.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fer_utils.datasets import images
from fer_utils.errors import FerError
from fer_utils.faces import networks

SIDE = 320  # pixels of the longer side that a photograph is brought to
LARGEST_SIDE = 1280  # a batch of larger ones would take several GB
RIM = 16  # pixels around it, so that a face at the border still has surroundings
BATCH = 16


@dataclasses.dataclass(frozen=True)
class Face:
    """One face in a photograph; pixels, from its upper left corner.

    Args:
        box: ``(x, y, width, height)``, floats. It reaches beyond a photograph's border where the
            face does, so x and y can be negative.
        confidence: 0-1, how sure the detector is.
        eyes: ``((x, y), (x, y))``, first the one further left in the picture; None if unknown.
    """

    box: tuple[float, float, float, float]
    confidence: float = 1.0
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = None


def detect(
    photos: Iterable[np.ndarray], side: int = SIDE, models: Sequence[Any] | None = None
) -> list[tuple[Face, ...]]:
    """Return the faces of photographs.

    Args:
        photos: iterable of uint8 arrays, ``(height, width)`` grey or ``(height, width, 3)`` RGB
            (not OpenCV's BGR), of any size each.
        side: int, pixels that the longer side is brought to. Faces from 20 of these pixels on
            are found; a larger number finds smaller faces and takes longer.
        models: the detector's three networks where not on Keras, see ``networks.find``.

    Returns:
        list of tuples of Face, one tuple a photograph, the most confident first.

    Raises:
        FerError: what is no such array; ``side`` out of range; mtcnn is missing.

    Example:
        >>> (face,) = detect([photo])[0]
        >>> face.box, face.confidence
        ((101.2, 53.8, 90.1, 121.5), 0.999)
    """
    check_side(side)
    prepared = (fit(photo, side, f"photograph {i}") for i, photo in enumerate(photos))
    return [faces for batch in batches(prepared) for faces in in_canvases(batch, models)]


def batches(items):
    """Give lists of ``BATCH`` items each, the last one shorter."""
    items = iter(items)
    while batch := list(itertools.islice(items, BATCH)):
        yield batch


def check_side(side: int) -> None:
    """Raise FerError unless a canvas of this side can hold a face."""
    if not isinstance(side, int | np.integer) or not 24 <= side <= LARGEST_SIDE:
        raise FerError(
            f"side is {side!r}: give a number of pixels from 24 to {LARGEST_SIDE}, say {SIDE}"
        )


def fit(
    photo: np.ndarray, side: int, name: str = "photograph"
) -> tuple[np.ndarray, tuple[int, int, float]]:
    """Return a photograph in the middle of a canvas: uint8 RGB, and its place ``(x, y, scale)``.

    Raises:
        FerError: it is no photograph.
    """
    check(photo, name)
    scale = side / max(photo.shape[:2])
    height, width = (max(round(edge * scale), 1) for edge in photo.shape[:2])
    if (height, width) != photo.shape[:2]:
        photo = images.resized(photo, (height, width))
    canvas = np.full((side + 2 * RIM, side + 2 * RIM, 3), networks.GREY, np.uint8)
    y, x = RIM + (side - height) // 2, RIM + (side - width) // 2
    canvas[y : y + height, x : x + width] = photo if photo.ndim == 3 else photo[..., None]
    return canvas, (x, y, scale)


def check(photo, name="photograph"):
    """Raise FerError unless this is a uint8 grey or RGB image with pixels."""
    shape: Any = getattr(photo, "shape", None)
    fits = shape is not None and (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3))
    if not fits or photo.dtype != np.uint8 or 0 in shape:
        what = f"{photo.dtype} {shape}" if shape is not None else type(photo).__name__
        raise FerError(
            f"{name} is {what}: give uint8 (height, width) or (height, width, 3), not empty"
        )


def in_canvases(
    fitted: Sequence[tuple[np.ndarray, tuple[int, int, float]]],
    models: Sequence[Any] | None = None,
) -> list[tuple[Face, ...]]:
    """Return a tuple of Face for each of what ``fit`` returned, in the photographs' pixels."""
    found = networks.find(np.stack([canvas for canvas, _ in fitted]), models)
    return [_faces(found[found[:, 0] == i], place) for i, (_, place) in enumerate(fitted)]


def _faces(rows, place):
    x, y, scale = place
    corners = (rows[:, 1:5] - [x, y, x, y]) / scale
    points = (rows[:, 6:].reshape(-1, 2, 5).transpose(0, 2, 1) - [x, y]) / scale
    return tuple(
        Face(
            box=(*corner[:2].tolist(), *(corner[2:] - corner[:2]).tolist()),
            confidence=float(row[5]),
            eyes=(tuple(eyes[0].tolist()), tuple(eyes[1].tolist())),
        )
        for row, corner, eyes in zip(rows, corners, points[:, :2], strict=True)
    )
