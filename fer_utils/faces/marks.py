"""Photographs with what was found in them drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from fer_utils.faces.crops import CONFIDENT
from fer_utils.faces.detection import check

if TYPE_CHECKING:
    from fer_utils.faces import Face

SURE, UNSURE, EYES = (86, 180, 233), (213, 94, 0), (255, 220, 0)


def marked(photo: np.ndarray, faces: Sequence[Face], confident: float = CONFIDENT) -> np.ndarray:
    """Return a copy with boxes (blue, orange where unsure) and eyes (yellow); uint8 RGB.

    Args:
        photo: uint8 ``(height, width)`` or ``(height, width, 3)``.
        faces: sequence of Face.
        confident: 0-1, from which confidence on a box is blue.
    """
    check(photo)
    picture = np.repeat(photo[..., None], 3, axis=-1) if photo.ndim == 2 else photo.copy()
    thick = max(round(min(photo.shape[:2]) / 100), 1)
    for face in faces:
        x, y, width, height = face.box
        ends = (round(x), round(y)), (round(x + width), round(y + height))
        colour = SURE if face.confidence >= confident else UNSURE
        cv2.rectangle(picture, *ends, colour, thick)
        for eye in face.eyes or ():
            cv2.circle(picture, tuple(map(round, eye)), thick, EYES, -1)
    return picture
