"""Mixing: each image with its neighbour in the batch, and their labels by the same shares."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("fer_utils")
class Mix(layers.Layer):
    """Mixes each image with the one before it in the batch, by blending or by a pasted box.

    Blending is mixup, https://arxiv.org/abs/1710.09412; pasting is CutMix,
    https://arxiv.org/abs/1905.04899. One share and one way are drawn a batch. The image's own
    share is at least a half, so that its own label stays the right answer of a metric; the
    neighbour serves as partner since batches are shuffled. The identity unless ``training``.

    Use it in a ``Mixing`` model, which mixes the labels by the same share.

    Args:
        paste: share of the batches that paste a box; the others blend.
        least: the smallest share that an image keeps; it is drawn between this and 1.
        seed: int, or None for Keras's own.

    Input shape:
        ``(batch, height, width, channels)``, any range.

    Output shape:
        As the input's.
    """

    def __init__(self, paste=0.5, least=0.5, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.paste, self.least, self.seed = paste, least, seed
        self.generator = keras.random.SeedGenerator(seed)
        # What the last batch kept: a variable, so that the loss of the same step can read it.
        self.share = self.add_weight(
            shape=(), initializer="ones", trainable=False, dtype="float32", name="share"
        )

    def call(self, images, training=False):
        """Return the images, mixed where ``training``."""
        if not training:
            return images
        own = self._own(*ops.shape(images)[1:3])
        self.share.assign(ops.mean(own))
        own = ops.cast(own, images.dtype)
        return own * images + (1 - own) * ops.roll(images, 1, axis=0)

    def mix_labels(self, labels):
        """Return the labels ``(batch, classes)`` mixed as the last images were."""
        share = ops.cast(self.share, labels.dtype)
        return share * labels + (1 - share) * ops.roll(labels, 1, axis=0)

    def _own(self, height, width):
        """Return what an image keeps of each of its pixels, ``(1, height, width, 1)``."""
        drawn = keras.random.uniform((4,), dtype="float32", seed=self.generator)
        share = self.least + (1 - self.least) * drawn[0]
        side = ops.sqrt(1 - share)
        box = _within(height, drawn[1], side)[:, None] * _within(width, drawn[2], side)
        own = ops.where(drawn[3] < self.paste, 1 - box, share)
        return own[None, :, :, None]

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self):
        """Return the arguments."""
        names = ("paste", "least", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _within(length, place, side):
    """Return 1 for the pixels of an interval, a share of the length long, and else 0."""
    size = ops.floor(side * length)
    start = ops.floor(place * (length - size + 1))
    pixels = ops.arange(length, dtype="float32")
    return ops.cast((pixels >= start) & (pixels < start + size), "float32")


class Mixing(keras.Sequential):
    """A Sequential whose loss, in training, is that of the labels as its ``Mix`` mixed them.

    Labels are one-hot or soft, ``(batch, classes)``. Metrics see the labels as they came.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the loss; labels are mixed where ``training``."""
        if training:
            for layer in self.layers:
                y = layer.mix_labels(y) if isinstance(layer, Mix) else y
        return super().compute_loss(x, y, y_pred, sample_weight, training)
