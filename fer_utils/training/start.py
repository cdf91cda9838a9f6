"""Begin with the weights of a network that was trained before, on other data or other classes."""

import hashlib

import numpy as np

from fer_utils.errors import FerError


def begin_from(network, trained):
    """Copy weights, layer by layer; the last layer keeps its own where classes differ.

    Args:
        network: ``keras.Model`` from ``models.build``, changed in place.
        trained: ``keras.Model`` of the same registered network; the size of its input and its
            number of classes may differ.

    Raises:
        FerError: a layer before the last has other weights.
    """
    ours, theirs = _weighted(network), _weighted(trained)
    if len(ours) != len(theirs):
        raise FerError(
            f"cannot start {network.name} from {trained.name}: {len(ours)} layers with weights, "
            f"there {len(theirs)}"
        )
    for i, (layer, source) in enumerate(zip(ours, theirs, strict=True)):
        if _shapes(layer) == _shapes(source):
            layer.set_weights(source.get_weights())
        elif i + 1 < len(ours):
            raise FerError(
                f"cannot start {network.name} from {trained.name}: layer {layer.name} has weights "
                f"of shape {_shapes(layer)}, there {_shapes(source)}"
            )


def digest_of(network):
    """Return 16 hex digits that change when any weight does."""
    digest = hashlib.blake2b(digest_size=8)
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()


def _weighted(network):
    return [layer for layer in network.layers if layer.weights]


def _shapes(layer):
    return [tuple(weight.shape) for weight in layer.weights]
