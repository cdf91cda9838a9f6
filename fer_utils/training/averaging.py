"""Averaged weights: the mean over the last steps, which wanders less than each of them."""

import contextlib

from fer_utils.training.layers import all_layers


def momentum(wanted, steps):
    """Return the average's momentum in a training of so many steps.

    The average spans some ``1 / (1 - momentum)`` steps. In a short training that is cut to a
    tenth of it: else the weights it began with would still count at the end.
    """
    return min(wanted, max(0.0, 1 - 10 / steps))


@contextlib.contextmanager
def averaged(network, optimizer, batches):
    """Give a network its averaged weights within the block, and its own back after it.

    Args:
        network: ``keras.Model``.
        optimizer: the Keras optimiser that trains its weights, made with ``use_ema``.
        batches: see ``settle``.
    """
    own = network.get_weights()
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # float16's scales the loss
    # Keras's SwapEMAWeights does the same by additions, which round the weights each time.
    means = optimizer._model_variables_moving_average
    try:
        for weight, mean in zip(network.trainable_variables, means, strict=True):
            weight.assign(mean)
        settle(network, batches)
        yield
    finally:
        network.set_weights(own)


def settle(network, batches):
    """Estimate the batch-norm statistics anew, as averaged weights need: theirs are none's.

    Each layer gets the mean over the batches. Images come without augmentation, as
    predictions will see them; dropout is on, as in any training step. Frozen layers keep theirs.

    Args:
        network: ``keras.Model``, changed in place.
        batches: iterable of uint8 images ``(batch, height, width, …)``.
    """
    import keras

    normal = keras.layers.BatchNormalization
    layers = [x for x in all_layers(network) if isinstance(x, normal) and x.trainable]
    if not layers:
        return
    before = [layer.momentum for layer in layers]
    for i, images in enumerate(batches):
        for layer in layers:
            layer.momentum = i / (i + 1)  # the mean of all batches so far
        network(images, training=True)
    for layer, value in zip(layers, before, strict=True):
        layer.momentum = value
