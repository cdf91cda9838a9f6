"""Copies of photographs with what was found written on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import labels, sentences

if TYPE_CHECKING:
    from PIL import Image

    from fer_utils.recognizer import Expression

_LEAST = 240  # pixels of the shorter side, below which words would not be readable
_MOST = 1600  # pixels of the longer side: a copy is to look at
_COLOURS = {
    "angry": (214, 69, 65),
    "contempt": (148, 103, 60),
    "disgust": (106, 153, 58),
    "fear": (142, 88, 178),
    "happy": (240, 186, 40),
    "neutral": (150, 156, 166),
    "sad": (66, 124, 200),
    "surprise": (240, 130, 50),
}
_OTHER = (90, 180, 170)


def annotated(
    photo: np.ndarray,
    found: Sequence[Expression],
    two: bool = False,
    none: str = sentences.NO_FACE,
) -> Image.Image:
    """Return a copy with a box and a sentence for each face, as a Pillow image.

    Where there are several, each has its number in ``found``, the table's, from 1 on.

    Small photographs are enlarged, so that the words are readable, very large ones reduced.

    Args:
        photo: uint8 ``(height, width, 3)`` RGB or ``(height, width)`` grey.
        found: list of Expression.
        two: write seed 001's sentence, more happy or more sad.
        none: str, what is written where nothing was found.
    """
    from PIL import Image, ImageDraw

    picture = Image.fromarray(photo).convert("RGB")
    scale = _scale(picture.size)
    if scale != 1:
        size = tuple(max(round(side * scale), 1) for side in picture.size)
        picture = picture.resize(size, Image.Resampling.BICUBIC if scale > 1 else None)
    draw = ImageDraw.Draw(picture)
    seen = [(i, face, _corners(face.box, scale, picture.size)) for i, face in enumerate(found, 1)]
    seen = [(i, face, corners) for i, face, corners in seen if corners]
    for _, face, corners in seen:
        draw.rectangle(corners, outline=_colour(face, two), width=_thick(picture.size))
    for i, face, corners in seen:  # after all boxes, so that none crosses a word
        number = f"{i}: " if len(found) > 1 else ""
        _label(draw, face, corners, two, number)
    if not found:
        _strip(draw, (0, 0), none, (80, 80, 80), _text_size(picture.size))
    return picture


def _scale(size):
    up = _LEAST / min(size)
    return min(max(up, 1), max(_MOST / max(size), 1e-3)) if up > 1 else min(1, _MOST / max(size))


def _text_size(size):
    return int(np.clip(min(size) / 16, 14, 30))


def _corners(box, scale, size):
    """Return the corners of a box's part inside the picture; None where it has none."""
    x, y, width, height = (value * scale for value in box)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, size[0] - 1), min(y + height, size[1] - 1)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _thick(size):
    return max(round(min(size) / 150), 2)


def _colour(face, two):
    return colour_of(("happy" if face.happy >= 0.5 else "sad") if two else face.label)


def _label(draw, face, corners, two, number):
    text = number + (face.happy_or_sad if two else face.sentence)
    fits = int(2.6 * (corners[2] - corners[0]) / len(text))  # a letter is about half as wide
    size = min(_text_size(draw.im.size), max(fits, 11))
    _strip(draw, corners[:2], text, _colour(face, two), size, above=True)


def _strip(draw, corner, text, colour, size, above=False):
    """Write on a coloured strip; above the corner, below where there is no room."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    across, down = draw.im.size
    wide, high = draw.textlength(text, font) + size * 0.6, size * 1.4
    left = min(max(corner[0], 0), max(across - wide, 0))
    top = corner[1] - high if above and corner[1] >= high else corner[1]
    top = min(top, max(down - high, 0))
    draw.rectangle((left, top, left + wide, top + high), fill=colour)
    ink = "black" if sum(colour) > 330 else "white"
    draw.text((left + size * 0.3, top + size * 0.1), text, fill=ink, font=font)


def colour_of(name):
    """Return the colour of a class, RGB 0-255, whichever of the usual spellings it has."""
    (place,) = labels.mapping((name,), tuple(_COLOURS))
    return tuple(_COLOURS.values())[place] if place >= 0 else _OTHER
