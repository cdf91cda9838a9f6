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

    layer = _layer_of(model)
    seen = keras.Model(model.inputs, layer.output)
    return seen, gradients.slopes(keras.Model(layer.output, model.outputs[0]))


def _layer_of(model):
    """Return the layer to look at: the finest behind the last convolution, the last of those.

    All that the model says must pass through it: the branch of a residual block does not do.
    """
    layers = model.layers
    last = max((i for i, layer in enumerate(layers) if _convolves(layer)), default=None)
    if last is None:
        raise FerError(f"{model.name} has no convolution: Grad-CAM is for networks that have one")
    behind = [layer for layer in layers[last:] if _places(layer) and _all_passes(model, layer)]
    finest = max(map(_places, behind), default=0)
    if finest < 2:
        raise FerError(
            f"behind its last convolution {model.name} has no more than one place left: Grad-CAM "
            "needs larger images, or a network with fewer poolings"
        )
    return [layer for layer in behind if _places(layer) == finest][-1]


def _convolves(layer):
    return "Conv" in type(layer).__name__ or any(map(_convolves, getattr(layer, "layers", [])))


def _places(layer):
    """Return how many places a layer's output has, 0 where it is no picture."""
    shape = getattr(layer.output, "shape", ())
    return shape[1] * shape[2] if len(shape) == 4 and None not in shape[1:] else 0


def _all_passes(model, layer):
    import keras

    try:
        keras.Model(layer.output, model.outputs[0])
    except ValueError:  # it also depends on something beside it
        return False
    return True
