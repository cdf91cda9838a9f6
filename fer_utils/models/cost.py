"""What a network costs: multiplications, the measure that no machine changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def multiplications(network: keras.Model) -> int:
    """Return how many multiplications one image takes in convolutions and dense layers.

    Normalisation, activations and pooling are left out: they are some per cent.

    Args:
        network: ``keras.Model`` with a fixed input size; models inside it count too.

    Returns:
        int.
    """
    return sum(_of(layer) for layer in network.layers)


def _of(layer):
    if hasattr(layer, "layers"):
        return multiplications(layer)
    places = math.prod(layer.output.shape[1:-1])  # 1 where a dense layer gives a vector
    kernels = [
        getattr(layer, name)
        for name in ("kernel", "depthwise_kernel", "pointwise_kernel")
        if hasattr(layer, name)
    ]
    return sum(places * math.prod(kernel.shape) for kernel in kernels)
