"""Batch normalisation in one kernel where XLA does not fuse it. TensorFlow is named outright."""

import functools

from fer_utils.training.layers import all_layers


def fuse(network):
    """Have a network's batch normalisations train by TensorFlow's fused kernel.

    Keras writes them out, each operation a pass over memory. Timed once by hand, a step of
    ``vgg_gap`` in bfloat16 on a CPU took some two thirds of the time with the kernel, which also
    takes the statistics in float32. What is computed is otherwise the same, and so are the
    layers: inference, layers that are frozen, and other than images stay with Keras.

    Args:
        network: ``keras.Model``, changed in place, TensorFlow's alone; not to be saved.
    """
    import keras

    for layer in all_layers(network):
        if isinstance(layer, keras.layers.BatchNormalization) and _is_usual(layer):
            layer.call = functools.partial(_call, layer, layer.call)


def _is_usual(layer):
    """Return whether it has a scale and an offset for each of the last axis's channels."""
    more = getattr(layer, "renorm", False) or layer.synchronized
    return layer.scale and layer.center and layer.axis in (3, -1) and not more


def _call(layer, otherwise, inputs, training=None, mask=None):
    import tensorflow as tf

    if not (training and layer.trainable and mask is None and len(inputs.shape) == 4):
        return otherwise(inputs, training=training, mask=mask)
    none = tf.zeros([0])
    out, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=tf.convert_to_tensor(layer.gamma),
        offset=tf.convert_to_tensor(layer.beta),
        mean=none,
        variance=none,
        epsilon=layer.epsilon,
    )
    count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
    variance *= (count - 1) / count  # the kernel tells a sample's variance, Keras keeps the plain
    for kept, now in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        kept.assign(kept * layer.momentum + now * (1 - layer.momentum))
    return out
