"""Augmentation for training: presets of Keras layers that run inside the compiled step.

They are the identity at inference and never part of the saved model.
"""

from fer_utils.errors import FerError


def preset(name, seed=0):
    """Return the Keras layers of a preset, in order; draws follow from the seed.

    Args:
        name: ``none``, or ``flip`` (mirror every second image left-right).
        seed: int.

    Raises:
        FerError: no such preset.
    """
    if name not in _PRESETS:
        raise FerError(f"no augmentation {name!r}: there are {', '.join(_PRESETS)}")
    return _PRESETS[name](seed)


def _none(seed):
    return []


def _flip(seed):
    from keras import layers

    return [layers.RandomFlip("horizontal", seed=seed)]


_PRESETS = {"none": _none, "flip": _flip}
