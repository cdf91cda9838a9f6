"""Faces in photographs: where they are, and a Dataset of nothing but them.

Faces are found with MTCNN, many photographs at a time. A photograph may hold none, or several;
its label then goes with the largest that the detector is sure of.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.datasets import photographs, policies
from fer_utils.datasets.base import group_identical
from fer_utils.errors import FerError
from fer_utils.faces.crops import CONFIDENT, MARGIN, check_options, crop, inside, largest, square
from fer_utils.faces.detection import SIDE, Face, check_side, detect, fit, in_canvases
from fer_utils.faces.marks import marked
from fer_utils.faces.store import find

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset

__all__ = ["CONFIDENT", "MARGIN", "NO_FACE", "SIDE", "Face", "check_options", "check_side",
           "crop", "cropped", "detect", "find", "fit", "in_canvases", "inside", "largest",
           "locate", "marked", "photograph", "square"]  # fmt: skip

WHOLE = "whole"
NO_FACE = (WHOLE, policies.DROP, policies.ERROR)


def cropped(
    dataset: Dataset,
    root: str | Path | None = None,
    size: int = 48,
    margin: float = MARGIN,
    align: bool = False,
    no_face: str = WHOLE,
    rgb: bool = False,
    confident: float = CONFIDENT,
    side: int = SIDE,
    found: Sequence[Sequence[Face]] | None = None,
) -> Dataset:
    """Return a Dataset with the largest confident face of each photograph as its image.

    Args:
        dataset: Dataset of photographs.
        root: folder that ``dataset.names`` are relative to; the photographs are read from there
            in their own size, and what is found is kept in the cache. None to take
            ``dataset.images`` for the photographs.
        size: int, side of the images in pixels.
        margin: share of the box's longer side to add on each side.
        align: turn each face until its eyes are level.
        no_face: what becomes of a photograph without a confident face: ``whole`` takes the
            square in its middle, as large as fits, ``drop`` leaves it out, both with a warning
            that counts; ``error`` refuses.
        rgb: three channels instead of grey.
        confident: 0-1, from which confidence on a face is believed.
        side: see ``detect``.
        found: list of sequences of Face, one for each row, in place of the detector.

    Returns:
        Dataset; images uint8 ``(n, size, size)``, with ``rgb`` ``(n, size, size, 3)``; labels,
        split and names as they were, groups too, but rows of identical crops share one.

    Raises:
        FerError: an argument out of its range, a photograph that cannot be read, no face by
            ``error``, no row left.

    Example:
        >>> photos = datasets.load("facial_expressions", "data/facial_expressions", size=150)
        >>> cropped(photos, "data/facial_expressions", size=48).images.shape
        (5877, 48, 48)
    """
    _check(dataset, size, margin, no_face, found)
    if found is None:
        found = locate(dataset, root, side)
    chosen = [largest(faces, confident) for faces in found]
    kept = _settled(dataset, chosen, no_face)
    images = np.empty((len(kept), size, size, *((3,) if rgb else ())), np.uint8)

    def cut(i):
        photo, face = photograph(dataset, root, kept[i], rgb), chosen[kept[i]]
        images[i] = (
            _middle(photo, size) if face is None else crop(photo, face, size, margin, align)
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(cut, range(len(kept))))
    return _with_images(dataset.take(kept), images)


def _check(dataset, size, margin, no_face, found):
    check_options(size, margin)
    if no_face not in NO_FACE:
        raise FerError(f"no_face is {no_face!r}: write {', '.join(NO_FACE)}")
    if found is not None and len(found) != len(dataset):
        raise FerError(f"found has {len(found)} entries for {len(dataset)} rows: give one each")


def locate(
    dataset: Dataset, root: str | Path | None = None, side: int = SIDE
) -> list[tuple[Face, ...]]:
    """Return the faces of each row's photograph: a list of tuples of Face, see ``detect``.

    Args:
        dataset: Dataset of photographs.
        root: folder that ``dataset.names`` are relative to, see ``cropped``; None to take
            ``dataset.images``.
        side: see ``detect``.
    """
    if root is None:
        return detect(dataset.images, side)
    return find([Path(root, name) for name in dataset.names.tolist()], side)


def photograph(dataset: Dataset, root: str | Path | None, i: int, rgb: bool = False) -> np.ndarray:
    """Return the photograph of row ``i`` in its own size, grey or RGB as asked; uint8.

    Args:
        dataset: Dataset of photographs.
        root: folder that ``dataset.names`` are relative to; None to take ``dataset.images``.
        i: int, row.
        rgb: three channels instead of grey.
    """
    if root is not None:
        return photographs.read(Path(root, str(dataset.names[i])), rgb)
    image = dataset.images[i]
    if rgb == (image.ndim == 3):
        return image
    if rgb:
        return np.repeat(image[..., None], 3, axis=-1)
    import cv2

    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)  # ITU-R 601 luma, as Pillow's


def _middle(photo, size):
    return photographs.fitted(photo, (size, size), "crop")


def _settled(dataset, chosen, no_face):
    """Return the rows to keep, after a word on those without a face."""
    without = [str(n) for n, face in zip(dataset.names, chosen, strict=True) if face is None]
    says = "{n} photographs show no face that the detector is sure of, such as {example}"
    if no_face != WHOLE:
        policies.settle("no_face", no_face, without, says)
        kept = np.array([i for i, face in enumerate(chosen) if face is not None], np.int64)
        if not len(kept):
            raise FerError(f"{dataset.source}: no face found; give no_face={WHOLE!r} to keep all")
        return kept
    if without:
        text = says.replace("{n}", f"{len(without):,}").replace("{example}", without[0])
        warnings.warn(f"{text}; the middle of the photograph stands for it", stacklevel=3)
    return np.arange(len(dataset))


def _with_images(dataset, images):
    return dataclasses.replace(
        dataset,
        images=images,
        groups=group_identical(images, dataset.groups),
        source=f"{dataset.source}, faces cropped",
    )
