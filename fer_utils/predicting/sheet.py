"""Contact sheets: many annotated pictures on one page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_TILE, _CAPTION, _GAP = 220, 18, 6
_ACROSS, _DOWN = 8, 6
PICTURES = _ACROSS * _DOWN


def contact_sheets(
    pictures: Iterable[tuple[str, Image.Image | str | Path]],
) -> Iterator[Image.Image]:
    """Yield sheets, Pillow images of 48 pictures each, in the order given.

    Args:
        pictures: iterable of ``(caption, picture)``: a Pillow image or the path of one.
    """
    pictures = list(pictures)
    for start in range(0, len(pictures), PICTURES):
        yield _sheet(pictures[start : start + PICTURES])


def _sheet(pictures):
    from PIL import Image, ImageDraw

    across = min(len(pictures), _ACROSS)
    down = math.ceil(len(pictures) / across)
    wide, high = _TILE + _GAP, _TILE + _CAPTION + _GAP
    sheet = Image.new("RGB", (across * wide + _GAP, down * high + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (caption, picture) in enumerate(pictures):
        corner = (_GAP + i % across * wide, _GAP + i // across * high)
        _place(sheet, draw, corner, caption, picture)
    return sheet


def _place(sheet, draw, corner, caption, picture):
    from PIL import Image, ImageFont, ImageOps

    if not isinstance(picture, Image.Image):
        with Image.open(picture) as opened:
            opened.draft("RGB", (2 * _TILE, 2 * _TILE))
            picture = opened.convert("RGB")
    # At the bottom of its tile, next to its caption.
    tile = ImageOps.pad(picture, (_TILE, _TILE), color="white", centering=(0.5, 1))
    sheet.paste(tile, corner)
    font = ImageFont.load_default(12)
    text = caption
    while draw.textlength(text, font) > _TILE and len(text) > 4:
        text = "..." + text[4:]  # the end of a path tells more than its beginning
    draw.text((corner[0], corner[1] + _TILE + 1), text, fill="black", font=font)
