"""A network for each frame of a sequence."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("fer_utils")
class PerFrame(keras.layers.Wrapper):
    """Gives every frame of every sequence to one network, in a single call.

    Keras's TimeDistributed calls it once for each moment instead: slow, and batch normalisation
    would move its statistics as often, towards the last moment's.

    Args:
        layer: ``keras.Model``, ``(batch, height, width, channels)`` 0-255 in, ``(batch,
            features)`` out.

    Input shape:
        ``(batch, time, height, width, channels)``; without channels where there is one.

    Output shape:
        ``(batch, time, features)``.
    """

    def compute_output_shape(self, input_shape):
        """Return ``(batch, time, features)``."""
        return (*input_shape[:2], *self.layer.output_shape[1:])

    def call(self, frames, training=None):
        """Return the features of each frame."""
        time = ops.shape(frames)[1]
        single = ops.reshape(frames, (-1, *self.layer.input_shape[1:]))
        features = self.layer(ops.cast(single, "float32"), training=training)
        return ops.reshape(features, (-1, time, *self.layer.output_shape[1:]))
