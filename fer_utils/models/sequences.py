"""Networks over sequences: one network for each frame, ``per_frame``, then one ``over_time``.

Seed 002 wished for the recurrent one: it took the last quarter of each sequence as independent
photographs. ``mean`` is what it must beat.
"""

import dataclasses
from pathlib import Path

from fer_utils.errors import FerError
from fer_utils.models.loading import opened
from fer_utils.models.registry import Recipe

UNITS = 64  # of the recurrent layer


def recipe(kind, **changes):
    """Return how a kind is trained, a Recipe, with changes where an experiment wants them."""
    check_kind(kind)
    return dataclasses.replace(_RECIPE, **changes)


def build(kind, network, classes=None):
    """Build a network that takes sequences of raw frames and gives probabilities.

    Padding is masked: what stands in frames that are not a sequence's own changes nothing.

    Args:
        kind: ``mean``, the mean of the frames' features, then a dense softmax; ``gru``, a gated
            recurrent unit over them in order, whose last state goes to the softmax; or
            ``gru_change``, which reads beside the features their change since the first frame.
        network: ``keras.Model`` from ``models.build``, trained or not. It is copied and cut
            before its last layer, its head. Where ``mean`` has as many classes it begins with
            the head too, and so with the mean of the frames' logits.
        classes: tuple of class names, or their number; None for as many as ``network`` has.

    Returns:
        An uncompiled ``keras.Model``. It takes a dict of ``frames``, uint8 ``(batch, time,
        height, width)`` 0-255 (and 3 channels where the network takes them), and ``mask``, bool
        ``(batch, time)``, True for a sequence's own frames, one at least; any time. It gives
        ``(batch, classes)``, rows that sum to 1.

    Raises:
        FerError: no such kind.

    Example:
        >>> model = build("gru", models.build("small", 7, (48, 48), size=32))
        >>> frames, mask = sequences.padded([0, 1])
        >>> model.predict({"frames": frames, "mask": mask}).shape
        (2, 7)
    """
    import keras

    check_kind(kind)
    from fer_utils.models.per_frame import PerFrame

    classes = network.output_shape[-1] if classes is None else classes
    count = classes if isinstance(classes, int) else len(classes)
    single = without_head(network)
    over_time = _over_time(kind, single.output_shape[-1], count)
    head = network.layers[-1].get_weights()
    dense = over_time.layers[-1]
    if [weight.shape for weight in head] == [tuple(weight.shape) for weight in dense.weights]:
        dense.set_weights(head)
    height, width, channels = network.input_shape[1:]
    shape = (None, height, width) if channels == 1 else (None, height, width, channels)
    frames = keras.Input(shape, dtype="uint8", name="frames")
    mask = keras.Input((None,), dtype="bool", name="mask")
    features = PerFrame(single, name="per_frame")(frames)
    answers = over_time({"features": features, "mask": mask})
    inputs = {"frames": frames, "mask": mask}
    return keras.Model(inputs, answers, name=f"{kind}_{network.name}")


def without_head(network):
    """Return a copy of a network, weights too, that ends before its last layer."""
    import keras

    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return keras.Model(copy.input, copy.layers[-2].output, name=network.name)


def check_kind(kind):
    """Raise FerError unless there is such a kind."""
    if kind not in _KINDS:
        raise FerError(f"no network over time {kind!r}: there are {', '.join(_KINDS)}")


def load(path):
    """Return a network that ``build`` made, from its ``.keras`` file.

    Keras knows its own layers; ours must be imported before such a file is opened.

    Raises:
        FerError: the file is missing, damaged, or wants to run code of its own.
    """
    from fer_utils.models import per_frame  # noqa: F401  (importing it registers its layer)

    return opened(Path(path))


def _over_time(kind, features, classes):
    """Return the model from ``(batch, time, features)`` and a mask to probabilities."""
    import keras
    from keras import layers

    inputs = {
        "features": keras.Input((None, features), name="features"),
        "mask": keras.Input((None,), dtype="bool", name="mask"),
    }
    x = _KINDS[kind](inputs["features"], inputs["mask"])
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, x, name="over_time")


def _mean(x, mask):
    from keras import layers

    return layers.GlobalAveragePooling1D()(x, mask=mask)


def _gru(x, mask):
    from keras import layers

    return layers.GRU(UNITS)(x, mask=mask)


def _gru_change(x, mask):
    from keras import ops

    return _gru(ops.concatenate([x, x - x[:, :1]], axis=-1), mask)


_KINDS = {"mean": _mean, "gru": _gru, "gru_change": _gru_change}
_RECIPE = Recipe(
    "adam", learning_rate=2e-3, batch=32, epochs=10, augmentation="flip", schedule="cosine"
)
