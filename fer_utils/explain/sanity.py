"""Whether a map depends on what was learned: the same maps of shuffled weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.explain.faithful import checked_maps

if TYPE_CHECKING:
    import keras


def shuffled(model: keras.Model, layers: int | None = None, seed: int = 0) -> keras.Model:
    """Return a copy of a model in which weights have changed places: it has unlearned.

    The sanity check of Adebayo et al. 2018, https://arxiv.org/abs/1810.03292, from the last layer
    down. Each array keeps its own values, in another order, so that layers stay as active as they
    were; the source draws new ones. The model itself stays as it is.

    Args:
        model: ``keras.Model``.
        layers: int, how many layers with weights from the last one on; None for all.
        seed: int.

    Returns:
        ``keras.Model``.

    Raises:
        FerError: more layers than have weights, or fewer than one.
    """
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    learned = [layer for layer in copy.layers if layer.get_weights()]
    layers = len(learned) if layers is None else layers
    if not 1 <= layers <= len(learned):
        raise FerError(f"{layers} layers: {model.name} has {len(learned)} with weights")
    rng = np.random.default_rng(seed)
    for layer in learned[-layers:]:
        weights = layer.get_weights()
        layer.set_weights([rng.permutation(x.ravel()).reshape(x.shape) for x in weights])
    return copy


def similarity(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how alike two maps of each image are, float ``(n,)``, -1 to 1.

    Spearman's correlation of the values without their signs, as the sanity check's source has it:
    1 where both put the pixels in the same order, 0 where a map is the same everywhere.

    Args:
        maps: float ``(n, height, width)``.
        others: float ``(n, height, width)``.

    Raises:
        FerError: maps of unequal shapes, or with NaN.
    """
    from scipy.stats import rankdata

    maps, others = checked_maps(maps, np.shape(maps)), checked_maps(others, np.shape(maps))
    ranks = [rankdata(np.abs(x).reshape(len(x), -1), axis=1) for x in (maps, others)]
    a, b = (x - x.mean(axis=1, keepdims=True) for x in ranks)
    spread = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return (a * b).sum(axis=1) / np.where(spread > 0, spread, 1)
