"""Augmentation for training: presets of Keras layers that run inside the compiled step.

They are the identity at inference and never part of the saved model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras


def preset(name: str, seed: int = 0, mirror: bool = True) -> list[keras.Layer]:
    """Return the Keras layers of a preset, in order; draws follow from the seed.

    They take images 0-255 and give such. Mixing, which changes labels too, is not among them:
    ``in_front`` adds it.

    Args:
        name: one of ``presets()``.
        seed: int.
        mirror: whether to mirror at random where the preset does; nothing else changes.

    Raises:
        FerError: no such preset.
    """
    return _describe(name)[0](seed, mirror)


def presets() -> list[str]:
    """Return the names of the presets.

    ``none``; ``flip``: every second image mirrored; ``seed000``, ``seed002`` and ``seed003`` as
    these sources had it; ``seed004``, whose source gives no amounts; ``noisy``: seed 003's moves,
    then noise of up to 6%; ``modern``: stronger moves, light, an erased patch, and images mixed
    together with their labels.
    """
    return list(_PRESETS)


def in_front(
    network: keras.Model,
    name: str,
    seed: int = 0,
    mirror: bool = True,
    source: keras.Layer | None = None,
) -> keras.Sequential:
    """Return a model to fit: the preset's layers, then the network, whose weights it shares.

    Where the preset mixes, the model mixes the labels as it mixed the images. Fit this one and
    save the network: augmentation is for training alone.

    Args:
        network: ``keras.Model``, images ``(batch, height, width, channels)`` 0-255 in.
        name: one of ``presets()``.
        seed: int.
        mirror: see ``preset``.
        source: layer that the images come from, see ``training.on_device.lookup``: the model
            takes what that takes. None for a model that takes images.

    Returns:
        An uncompiled ``keras.Sequential``.

    Raises:
        FerError: no such preset.

    Example:
        >>> model = in_front(network, "modern")
        >>> model.compile("adam", "categorical_crossentropy")
        >>> model.fit(images, one_hot_labels)
    """
    import keras

    from fer_utils.augment.layers.mix import Mix, Mixing

    make, mixes = _describe(name)
    start = [keras.Input(network.input_shape[1:])]
    if source is not None:
        start = [keras.Input((2,), dtype="int32"), source]
    if not mixes:
        return keras.Sequential([*start, *make(seed, mirror), network])
    return Mixing([*start, *make(seed, mirror), Mix(seed=seed + 10), network])


def shown(images: np.ndarray, name: str, seed: int = 0) -> np.ndarray:
    """Return the images as a training step shows them to the network, mixing left out.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, channels)``.
        name: one of ``presets()``.
        seed: int.

    Returns:
        uint8 of the same shape.

    Raises:
        FerError: no such preset.
    """
    from keras import ops

    grey = images.ndim == 3
    batch = ops.cast(images[..., None] if grey else images, "float32")
    for layer in preset(name, seed):
        batch = layer(batch, training=True)
    out = np.rint(ops.convert_to_numpy(batch)).clip(0, 255).astype("uint8")
    return out[..., 0] if grey else out


def _describe(name):
    if name not in _PRESETS:
        raise FerError(f"no augmentation {name!r}: there are {', '.join(_PRESETS)}")
    return _PRESETS[name]


def _none(seed, mirror):
    return []


def _flip(seed, mirror):
    from keras import layers

    return [layers.RandomFlip("horizontal", seed=seed)] if mirror else []


def _warp(flip=True, **amounts):
    def make(seed, mirror):
        from fer_utils.augment.layers.warp import RandomWarp

        return [RandomWarp(flip=flip and mirror, seed=seed, **amounts)]

    return make


def _modern(seed, mirror):
    """Every layer has a seed of its own: with one seed, all would draw the same numbers.

    Light comes before the warp: after it, XLA would do the warp once for each of its uses.
    """
    from keras import layers

    return [
        layers.RandomBrightness(0.3, seed=seed + 1),
        layers.RandomContrast(0.3, seed=seed + 2),
        *_warp(rotation=15, shift=0.15, zoom=0.2)(seed, mirror),
        # Sides are the square roots of two numbers up to 1/16: shares of up to a quarter.
        layers.RandomErasing((1, 1), scale=(0, 1 / 16), fill_value=127, seed=seed + 3),
    ]


def _noisy(seed, mirror):
    from fer_utils.augment.layers.noise import RandomNoise

    return [*_SEED003(seed, mirror), RandomNoise(seed=seed + 1)]


_SEED003 = _warp(rotation=10, shift=0.1, zoom=0.1)
_PRESETS = {  # name: (what makes its layers, whether it mixes)
    "none": (_none, False),
    "flip": (_flip, False),
    # A shear of 0.1 in Keras 1 is radians.
    "seed000": (_warp(rotation=20, shift=0.1, shear=5.73, zoom=0.1), False),
    "seed002": (_flip, False),
    "seed003": (_SEED003, False),
    "noisy": (_noisy, False),
    # "Rotate, shift and zoom" without amounts: seed 003's, and no mirror since none is named.
    "seed004": (_warp(flip=False, rotation=10, shift=0.1, zoom=0.1), False),
    "modern": (_modern, True),
}
