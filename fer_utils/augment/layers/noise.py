"""Noise, as of a camera in the dark."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("fer_utils")
class RandomNoise(layers.Layer):
    """Adds Gaussian noise, of another strength to each image; the identity unless ``training``.

    ``keras.layers.GaussianNoise`` is as strong on every image, so that a network of it would see
    no clean ones.

    Args:
        most: the largest standard deviation as a share of 255; an image's own is drawn between 0
            and this.
        seed: int, or None for Keras's own.

    Input shape:
        ``(batch, height, width, channels)``, 0-255.

    Output shape:
        As the input's, 0-255.
    """

    def __init__(self, most=0.06, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.most, self.seed = most, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Return the images, noisy where ``training``."""
        if not training:
            return images
        draw = {"dtype": images.dtype, "seed": self.generator}
        strength = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), 0, self.most, **draw)
        noise = keras.random.normal(ops.shape(images), **draw)
        return ops.clip(images + 255 * strength * noise, 0, 255)

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self):
        """Return what makes the same layer again."""
        return {**super().get_config(), "most": self.most, "seed": self.seed}
