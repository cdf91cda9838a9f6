"""Grad-CAM: which places behind the last convolution speak for a class."""

import numpy as np

from fer_utils import gradients
from fer_utils.errors import FerError
from fer_utils.explain.asking import say_in_parts, slope_in_parts


def grad_cam(network, shown, labels, seed=0):
    """Return Grad-CAM of each image, enlarged to its size, float32 ``(n, height, width)``.

    Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391: channels weighed by the mean of their
    slopes, and what speaks against the class set to zero. See ``explain``.

    Raises:
        FerError: the model has no convolution, or one place alone behind the last.
    """
    import cv2

    seen, slopes = network.once("Grad-CAM", layers_of)
    values = say_in_parts(seen, shown)
    wanted = np.eye(network.classes, dtype=np.float32)[labels]
    weights = slope_in_parts(slopes, values, wanted)[1].mean(axis=(1, 2), keepdims=True)
    coarse = np.maximum((values * weights).sum(axis=-1), 0)
    height, width = shown.shape[1:3]
    return np.stack([cv2.resize(one, (width, height)) for one in coarse.astype("float32")])


def layers_of(model):
    """Return the part up to the layer to look at, and the slopes of the part behind it."""
    import keras

    picture = _picture_of(model)
    seen = keras.Model(model.inputs, picture)
    return seen, gradients.slopes(keras.Model(picture, model.outputs[0]))


def _picture_of(model):
    """Return what to look at: the finest picture behind the last convolution, the last of those.

    All that the model says must pass through it: the branch of a residual block does not do. A
    model within the model, as a pretrained trunk, counts as one layer that convolves.
    """
    layers = model.layers
    last = max((i for i, layer in enumerate(layers) if _convolves(layer)), default=None)
    if last is None:
        raise FerError(f"{model.name} has no convolution: Grad-CAM is for networks that have one")
    behind = [x for layer in layers[last:] for x in _pictures(layer) if _all_passes(model, x)]
    finest = max(map(_places, behind), default=0)
    if finest < 2:
        ends = f"behind {layers[last].name}, its last that convolves, {model.name}"
        raise FerError(
            f"{ends} has no more than one place left: Grad-CAM needs larger images, or a network "
            "with fewer poolings"
        )
    return [x for x in behind if _places(x) == finest][-1]


def _convolves(layer):
    return "Conv" in type(layer).__name__ or any(map(_convolves, getattr(layer, "layers", [])))


def _pictures(layer):
    """Return what a layer gives that has places, in each graph that it is part of.

    ``layer.output`` does not do: a model within a model has there what its own graph gives.
    """
    given = [x for node in layer._inbound_nodes for x in node.outputs]
    return [x for x in given if _places(x)]


def _places(x):
    """Return how many places a tensor has, 0 where it is no picture."""
    return x.shape[1] * x.shape[2] if len(x.shape) == 4 and None not in x.shape[1:] else 0


def _all_passes(model, x):
    import keras

    try:
        keras.Model(model.inputs, x)
        keras.Model(x, model.outputs[0])
    except ValueError:  # it is of another graph, or what is said depends on something beside it
        return False
    return True
