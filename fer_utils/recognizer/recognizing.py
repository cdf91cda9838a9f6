"""The class behind ``python -m fer_utils predict``."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from fer_utils import evaluation, export, faces
from fer_utils.errors import FerError
from fer_utils.recognizer.engines import engine as engine_of
from fer_utils.recognizer.expressions import Expression
from fer_utils.recognizer.order import in_reading_order
from fer_utils.recognizer.photographs import as_photograph, grey

if TYPE_CHECKING:
    from PIL import Image

_READERS = 2
_BATCH = 16  # photographs that go through the detector at once
_LEAST_CONTRAST = 3  # standard deviation of a whole image's grey levels; below, there is nothing


class Recognizer:
    """Finds the faces in photographs and says what their expressions look like.

    ONNX Runtime computes, on files that are exported to the user's cache the first time; later
    starts need neither Keras nor TensorFlow.

    Args:
        network: ``small``, ``v8`` or ``robust``, which come with the package, or the path of a
            ``.keras`` file.
        engine: ``onnx`` or ``keras``.
        precision: ``float32`` or ``int8`` (ONNX only).
        temperature: float above 0 that divides the logits, see ``evaluation.tempered``; None for
            what was measured for the network, 1 where nothing was.
        side: int, pixels of a photograph's longer side that faces are looked for at, see
            ``faces.detect``; a larger number finds smaller faces.
        confident: 0-1, from which confidence on a face is believed.
        margin: share of the face's box that is added on each side; trained networks want 0.1.
        whole: each image is one face already, cut out: nothing is looked for. One of almost no
            contrast counts as no face.
        say: function that is called with a line of text before what takes long: the first export.

    Raises:
        FerError: no such network or engine; an option out of its range; a package is missing.

    Example:
        >>> recognizer = Recognizer()
        >>> (face,) = recognizer.predict("me.jpg")
        >>> face.sentence
        'looks happy (87%)'
    """

    def __init__(
        self,
        network: str | Path = "small",
        engine: str = "onnx",
        precision: str = "float32",
        temperature: float | None = None,
        side: int = faces.SIDE,
        confident: float = faces.CONFIDENT,
        margin: float = faces.MARGIN,
        whole: bool = False,
        say: Callable[[str], object] | None = None,
    ) -> None:
        source = export.resolve(network)
        self.temperature = source.temperature if temperature is None else temperature
        _check(self.temperature, side, confident, margin)
        self.name, self.sha256 = source.name, source.sha256
        self.side, self.confident, self.margin, self.whole = side, confident, margin, whole
        self.engine, self.precision = engine, precision
        self._engine = engine_of(engine, source, precision, say)
        self.classes = export.classes_of(source, self._engine.count)
        height, width, _ = self._engine.shape
        if height != width:
            raise FerError(f"{source.path} takes {height}x{width}: crops of faces are square")

    def predict(
        self,
        images: str
        | Path
        | Image.Image
        | np.ndarray
        | Iterable[str | Path | Image.Image | np.ndarray],
    ) -> list[Expression] | list[list[Expression]]:
        """Return the faces of a photograph, or of each of several.

        Args:
            images: a path, Pillow image or uint8 array (see ``photographs.as_photograph``), or an
                iterable of these. Of arrays ``(n, height, width)`` and ``(n, height, width,
                channels)`` each row is one.

        Returns:
            list of Expression as one reads: row by row, each from left to right; empty where no
            face was found. For several photographs a list of such lists.

        Raises:
            FerError: what is no photograph or cannot be read.
        """
        if _is_one(images):
            return self._together([self._read(images)])[0]
        with ThreadPoolExecutor(_READERS) as pool:
            found = []
            several = enumerate(cast("Iterable[Any]", images))
            while batch := list(itertools.islice(several, _BATCH)):
                read = pool.map(lambda item: self._read(item[1], f"photograph {item[0]}"), batch)
                found += self._together(list(read))
        return found

    def _read(self, image, name="photograph"):
        """Return what is needed of a photograph: its grey, its canvas, how far it was reduced."""
        photo, factor = as_photograph(image, name)
        canvas = None if self.whole else faces.fit(photo, self.side)
        channels = self._engine.shape[-1]
        return (grey(photo) if channels == 1 else photo), canvas, factor

    def _together(self, read):
        """Return the Expressions of photographs, all their faces classified at once."""
        found: list[Any]
        if self.whole:
            found = [(faces.Face((0.0, 0.0, *photo.shape[1::-1])),) for photo, _, _ in read]
        else:
            canvases = [canvas for _, canvas, _ in read]
            found = faces.in_canvases(canvases, self._engine.detector())
            pairs = zip(found, read, strict=True)
            found = [self._believed(own, photo) for own, (photo, *_) in pairs]
        crops = self._crops(read, found)
        if self.whole:  # a crop a photograph
            seen = crops.std(axis=(1, 2)).max(axis=-1) >= _LEAST_CONTRAST
            found = [own if s else () for own, s in zip(found, seen, strict=True)]
            crops = crops[seen]
        said = iter(evaluation.tempered(self._engine.classify(crops), self.temperature))
        return [
            [self._expression(face, next(said), factor) for face in own]
            for own, (_, _, factor) in zip(found, read, strict=True)
        ]

    def _believed(self, found, photo):
        found = [f for f in found if f.confidence >= self.confident and _inside(f.box, photo)]
        return in_reading_order(found)

    def _crops(self, read, found):
        """Return the crops of all faces as the network takes them."""
        size, _, channels = self._engine.shape
        margin = 0 if self.whole else self.margin
        crops = [
            faces.crop(photo, face, size, margin)
            for own, (photo, *_) in zip(found, read, strict=True)
            for face in own
        ]
        return np.array(crops, np.uint8).reshape(-1, size, size, channels)

    def _expression(self, face, probabilities, factor):
        box = tuple(value * factor for value in face.box)
        return Expression(box, face.confidence, tuple(probabilities.tolist()), self.classes)


def _is_one(images):
    if isinstance(images, np.ndarray):
        return images.ndim != 4 and not (images.ndim == 3 and images.shape[2] > 4)
    return isinstance(images, str | os.PathLike) or not hasattr(images, "__iter__")


def _inside(box, photo):
    x, y, width, height = box
    across, down = min(x + width, photo.shape[1]), min(y + height, photo.shape[0])
    return across > max(x, 0) and down > max(y, 0)


def _check(temperature, side, confident, margin):
    faces.check_side(side)
    faces.check_options(1, margin)
    if not 0 < temperature < float("inf"):
        raise FerError(f"temperature {temperature!r}: it must be above 0, 1 is as they are")
    if not 0 <= confident <= 1:
        raise FerError(f"confident is {confident!r}: give a number from 0 to 1, say 0.9")
