"""The space that seed 002 (Labadie and Wilchek 2019) searched with Talos, at random."""

import dataclasses
import functools
from collections.abc import Sequence

from optuna.distributions import CategoricalDistribution, FloatDistribution

from fer_utils import models
from fer_utils.models.v4 import five_layers
from fer_utils.tuning.space import Space

_ROWS = 1497  # that the source fitted: its 1,995 less the quarter it judged on
_EPOCHS = 30  # of the last round, and the most of those before: 10, 20, 30, then 20, 30
# Talos's lr_normalizer: one list of rates serves all optimisers.
_DIVISORS = {"adam": 1000, "nadam": 500, "rmsprop": 1000, "sgd": 100}
_ACTIVATIONS = [f"activation_{i}" for i in range(1, 6)]


def seed002_space(epochs: Sequence[int] = (_EPOCHS,), rows: int = _ROWS) -> Space:
    """Return seed 002's space: 27,993,600 cells in its last round.

    The first convolution has 32 filters and the dense layer 512 units; only the first
    convolution has the initialiser. Keras's ``uniform`` and ``random_uniform`` are one and the
    same, so a third of the cells repeats another.

    Args:
        epochs: ints to choose from; the source's last round had 30 alone.
        rows: int, how many images are fitted. Batches shrink with what is shown in all, these
            times the most epochs, so that a training has as many steps as the source's, some
            180 or 90. The default is the source's own number.

    Returns:
        A Space over CK+'s seven classes or any others.
    """
    width = (32, 64, 128, 256)
    shown = rows * max(epochs) / (_ROWS * _EPOCHS)
    choices = {
        "learning_rate": FloatDistribution(0.0001, 9.00001, step=0.99999),
        "neurons_2": CategoricalDistribution(width[:3]),
        "neurons_3": CategoricalDistribution(width),
        "neurons_4": CategoricalDistribution(width),
        "batch": CategoricalDistribution((256, 512)),
        "epochs": CategoricalDistribution(tuple(epochs)),
        "dropout": FloatDistribution(0, 0.45, step=0.05),
        "initializer": CategoricalDistribution(("uniform", "normal", "random_uniform")),
        "optimizer": CategoricalDistribution(tuple(_DIVISORS)),
        **{name: CategoricalDistribution(("relu", "elu", "tanh")) for name in _ACTIVATIONS},
    }
    name = f"seed002 of {rows} rows"  # they decide every batch: part of the space too
    return Space(name, choices, functools.partial(_plan, shown))


def _plan(shown, values):
    optimizer = values["optimizer"]
    recipe = models.Recipe(
        optimizer,
        learning_rate=values["learning_rate"] / _DIVISORS[optimizer],
        batch=max(1, round(values["batch"] * shown)),
        epochs=values["epochs"],
        augmentation="seed002",
    )
    network = functools.partial(
        five_layers,
        filters=(32, *(values[f"neurons_{i}"] for i in (2, 3, 4))),
        activations=[values[name] for name in _ACTIVATIONS],
        dropout=values["dropout"],
        initializer=values["initializer"],
    )
    entry = models.describe("seed002_best")
    return dataclasses.replace(entry, name="seed002_trial", network=network, recipe=recipe)
