"""MTCNN's three networks, run on batches of pictures of one size.

The networks and their weights are those of the ``mtcnn`` package (MIT licence). Its own code
around them takes a photograph at a time, in double precision and layer by layer, and hands
TensorFlow's tensors about; here they run compiled on whole batches, on any Keras backend.

Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks, 2016.
"""

import functools

import cv2
import numpy as np

from fer_utils import backend
from fer_utils.errors import FerError
from fer_utils.faces import boxes

SMALLEST = 20  # pixels, the smallest face that is looked for in a canvas
GREY = 127  # zero, to the networks
_CELL, _STRIDE = 12, 2  # what the first network sees of a picture, and by how much it moves on
_FACTOR = 0.709  # from one scale to the next, half the area
_LIKELY = (0.6, 0.7, 0.7)  # score that a candidate needs after each network
_MOST = 64  # patches that go through a network at once


@functools.cache
def load():
    """Return the three Keras models.

    Raises:
        FerError: the package ``mtcnn`` is missing or does not work.
    """
    backend.start()
    try:
        from mtcnn.stages import StageONet, StagePNet, StageRNet

        return tuple(stage().model for stage in (StagePNet, StageRNet, StageONet))
    except Exception as error:  # an import, a missing file, a Keras that it does not know
        raise FerError(
            f"faces need the package mtcnn 1.0 or later ({error}): pip install 'mtcnn>=1.0'"
        ) from error


def find(canvases, models=None):
    """Return all faces in pictures of one size.

    Args:
        canvases: uint8 ``(n, side, side, 3)``, RGB.
        models: the three networks, with Keras's ``predict_on_batch``; None for ``load()``.

    Returns:
        float32 ``(k, 16)``: picture, left, top, right, bottom, score, then x and then y of
        left eye, right eye, nose and corners of the mouth, left as the picture shows it.
    """
    first, second, third = models or load()
    rows = boxes.squared(_proposed(first, canvases))
    offsets, scores = _run(second, _patches(canvases, rows, 24), (4, 2))
    rows = boxes.shifted(rows, offsets)
    rows[:, 5] = scores[:, 1]
    rows = boxes.squared(boxes.thinned(rows[rows[:, 5] > _LIKELY[1]], 0.7))
    offsets, points, scores = _run(third, _patches(canvases, rows, 48), (4, 10, 2))
    points = _placed(points, rows)
    rows = boxes.shifted(rows, offsets)
    rows[:, 5] = scores[:, 1]
    rows = np.concatenate([rows, points], axis=1)
    return boxes.thinned(rows[rows[:, 5] > _LIKELY[2]], 0.7, of_smaller=True)


def _proposed(network, canvases):
    """Return the first network's candidates, at every scale of the pictures."""
    found, side = [], canvases.shape[1]
    scale = _CELL / SMALLEST
    while side * scale >= _CELL:
        small = int(np.ceil(side * scale))
        found.append(_proposed_at(network, canvases, small, small / side))
        scale *= _FACTOR
    return boxes.thinned(np.concatenate(found or [boxes.EMPTY]), 0.7)


def _proposed_at(network, canvases, small, scale):
    shrunk = [cv2.resize(c, (small, small), interpolation=cv2.INTER_AREA) for c in canvases]
    offsets, scores = network.predict_on_batch(_values(np.stack(shrunk)))
    at = np.nonzero(scores[..., 1] > _LIKELY[0])
    corner = np.stack(at[:0:-1], axis=1) * _STRIDE  # x, y
    corners = np.concatenate([corner + 1, corner + _CELL], axis=1)
    corners = (corners + offsets[at] * (_CELL - 1)) / scale
    rows = np.column_stack([at[0], corners, scores[..., 1][at]]).astype(np.float32)
    return boxes.thinned(rows, 0.5)


def _run(network, patches, widths):
    """Return a network's outputs, each float ``(k, width)``, a bounded number at a time.

    Numbers of patches are rounded up to powers of two, so that few shapes are compiled.
    """
    parts = [[np.empty((0, width), np.float32) for width in widths]]
    for start in range(0, len(patches), _MOST):
        part = patches[start : start + _MOST]
        room = 1 << (len(part) - 1).bit_length()
        padded = np.concatenate([part, np.zeros((room - len(part), *part.shape[1:]), np.uint8)])
        parts.append([out[: len(part)] for out in network.predict_on_batch(_values(padded))])
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def _patches(canvases, rows, side):
    """Return what the boxes show, uint8 ``(k, side, side, 3)``; grey beyond the picture."""
    patches = np.empty((len(rows), side, side, 3), np.uint8)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for patch, (i, left, top, right, _) in zip(patches, rows[:, :5], strict=True):
        step = (right - left) / (side - 1)
        where = np.array([[step, 0, left], [0, step, top]])
        patch[:] = cv2.warpAffine(
            canvases[int(i)], where, (side, side), flags=how, borderValue=(GREY,) * 3
        )
    return patches


def _placed(points, rows):
    """Return points ``(k, 10)``, given in box sides, in pixels."""
    sides = rows[:, 3:5] - rows[:, 1:3] + 1
    return np.repeat(sides, 5, axis=1) * points + np.repeat(rows[:, 1:3] - 1, 5, axis=1)


def _values(pictures):
    return (pictures.astype(np.float32) - 127.5) / 128
