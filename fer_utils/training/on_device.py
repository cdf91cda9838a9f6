"""Images that lie on a GPU while it trains: a step is sent rows, and takes its images itself."""

import numpy as np

from fer_utils.backend import device

_MOST = 2**30  # bytes of images at most; the rest of the device's memory is for the training


def images_on_device(images):
    """Return whether a fit puts uint8 images on the device: a GPU would wait for them."""
    return device().startswith("GPU") and images.nbytes <= _MOST


def numbers(rows, mirrored):
    """Return int32 ``(m, 2)``, what the layer of ``lookup`` takes: rows, and which to mirror.

    Args:
        rows: int ``(m,)``, places among its images.
        mirrored: bool ``(m,)``.
    """
    return np.stack([rows, mirrored], axis=1).astype("int32")


def lookup(images):
    """Return a layer that keeps images and turns ``numbers`` into some of them.

    It has no part in checkpoints: the images are the data set's, not the network's.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, channels)``.

    Returns:
        ``keras.layers.Layer``: int32 ``(batch, 2)`` in, float32
        ``(batch, height, width, channels)`` 0-255 out.
    """
    import keras
    from keras import ops

    images = images if images.ndim == 4 else images[..., None]

    class Lookup(keras.layers.Layer):
        def build(self, input_shape):
            self.images = self.add_weight(
                shape=images.shape,
                initializer=lambda shape, dtype: ops.convert_to_tensor(images, dtype),
                dtype="uint8",
                trainable=False,
            )

        def call(self, told):
            found = ops.take(self.images, told[:, 0], axis=0)
            turned = ops.flip(found, axis=2)
            mirrored = ops.reshape(told[:, 1] > 0, (-1, 1, 1, 1))
            return ops.cast(ops.where(mirrored, turned, found), "float32")

    return Lookup(dtype="float32")
