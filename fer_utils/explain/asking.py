"""A network as the explanations ask it: in batches of few shapes, as each compiles anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import gradients
from fer_utils.errors import FerError
from fer_utils.training.prediction import check_images

if TYPE_CHECKING:
    import keras

_MANY = 32  # images a call; a single one goes alone


class Network:
    """What a model says of images, and how that changes with them.

    Compiled once: give the same Network to several calls, not the model.

    Args:
        model: ``keras.Model``: images ``(batch, height, width, channels)`` 0-255 in, numbers
            ``(batch, classes)`` out.

    Raises:
        FerError: the model takes no images, or gives no number for each class.
    """

    def __init__(self, model: keras.Model) -> None:
        shapes = [*model.inputs, *model.outputs]
        if len(shapes) != 2 or len(model.input_shape) != 4 or len(model.output_shape) != 2:
            told = f"{model.name} takes {model.input_shape} and gives {model.output_shape}"
            raise FerError(f"{told}: give a network from images to a number for each class")
        self.model = model
        self.classes = model.output_shape[-1]
        self._slopes = gradients.slopes(model)
        self._kept = {}

    def once(self, name: str, make: Callable[[keras.Model], Any]) -> Any:
        """Return what ``make(model)`` returns; it is called once, and kept by this name."""
        if name not in self._kept:
            self._kept[name] = make(self.model)
        return self._kept[name]

    def images(self, images: np.ndarray) -> np.ndarray:
        """Return images as float32 ``(n, height, width, channels)``, as the model takes them.

        Raises:
            FerError: NaN, another shape than the model's, values divided by 255, no images.
        """
        images = np.asarray(images)
        check_images(images)
        shown = images[..., None] if images.ndim == 3 else images
        wanted = tuple(self.model.input_shape[1:])
        if shown.shape[1:] != wanted:
            raise FerError(
                f"images are {shown.shape[1:]}, {self.model.name} takes {wanted} (height, width, "
                "channels): load them at this size"
            )
        if not len(shown):
            raise FerError("there is no image to explain: give at least one")
        bad = np.flatnonzero(~np.isfinite(shown).all(axis=(1, 2, 3)))
        if len(bad):
            raise FerError(f"image {bad[0]} has NaN or infinite pixels: leave it out")
        return shown.astype(np.float32)

    def labels(self, labels: np.ndarray | None, images: np.ndarray) -> np.ndarray:
        """Return the classes to explain as int ``(n,)``; None becomes the most probable ones.

        Raises:
            FerError: as many as there are images are wanted, each a class the model knows.
        """
        if labels is None:
            return self.say(images).argmax(axis=1)
        labels = np.asarray(labels)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise FerError(
                f"labels are {labels.dtype} {labels.shape}: give a whole number for each of the "
                f"{len(images)} images"
            )
        unknown = np.flatnonzero((labels < 0) | (labels >= self.classes))
        if len(unknown):
            row = unknown[0]
            raise FerError(
                f"image {row}: class {labels[row]} is none that {self.model.name} knows, 0 to "
                f"{self.classes - 1}"
            )
        return labels.astype(int)

    def say(self, images: np.ndarray) -> np.ndarray:
        """Return float32 ``(n, classes)``: what the model says of float32 images."""
        return say_in_parts(self.model, images)

    def score(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return float32 ``(n,)``: what the model says of one class of each image."""
        return self.say(images)[np.arange(len(labels)), labels]

    def slope(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return float32, of the images' shape: how the class's number changes with each pixel."""
        wanted = np.eye(self.classes, dtype=np.float32)[labels]
        return slope_in_parts(self._slopes, images, wanted)[1]


def say_in_parts(model, shown):
    """Return what a model gives for float32 images, asked in batches of few shapes."""
    return np.concatenate([model.predict_on_batch(x)[:kept] for x, kept in _parts(shown)])


def slope_in_parts(function, shown, wanted):
    """Return what a function of ``gradients.slopes`` gives, asked in batches of few shapes."""
    pairs = zip(_parts(shown), _parts(wanted), strict=True)
    answers = [
        [np.asarray(x)[:kept] for x in function(part, some)] for (part, kept), (some, _) in pairs
    ]
    return [np.concatenate(each) for each in zip(*answers, strict=True)]


def _parts(rows):
    """Yield float32 parts of one row or of ``_MANY``, the last filled up, and how many count."""
    size = 1 if len(rows) == 1 else _MANY
    for start in range(0, len(rows), size):
        part = np.asarray(rows[start : start + size], np.float32)
        kept = len(part)
        if kept < size:
            part = np.concatenate([part, np.repeat(part[-1:], size - kept, axis=0)])
        yield part, kept
