"""A space around v8: what has proven itself since, and how much of it."""

import dataclasses
import functools
from collections.abc import Sequence

from optuna.distributions import CategoricalDistribution, FloatDistribution

from fer_utils import models
from fer_utils.models.blocks import probabilities, vgg_block
from fer_utils.tuning.space import Space


def modern_space(
    convolutions: Sequence[int] = (1, 2, 2, 3), epochs: int = 30, batch: int = 64
) -> Space:
    """Return a space of networks like ``vgg_gap`` and of recipes for them.

    Args:
        convolutions: ints, of each block; each block has twice the filters of the one before
            and halves the image. The default at width 32 is ``vgg_gap``; (1, 1, 1) is small.
        epochs: int, of every trial.
        batch: int, images a step.

    Returns:
        A Space; rates and weight decay are continuous, so it has no number of cells.
    """
    choices = {
        "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
        "weight_decay": FloatDistribution(1e-5, 1e-1, log=True),
        "label_smoothing": FloatDistribution(0, 0.2, step=0.05),
        "dropout": FloatDistribution(0, 0.5, step=0.1),
        "width": CategoricalDistribution((16, 24, 32, 48)),
        "augmentation": CategoricalDistribution(("none", "flip", "seed003", "modern")),
        "schedule": CategoricalDistribution(("constant", "cosine")),
    }
    fixed = {"convolutions": tuple(convolutions), "epochs": epochs, "batch": batch}
    name = f"modern {fixed}"  # what is fixed is part of the space too
    return Space(name, choices, functools.partial(_plan, **fixed))


def _plan(values, convolutions, epochs, batch):
    recipe = models.Recipe(
        "adamw",
        learning_rate=values["learning_rate"],
        batch=batch,
        epochs=epochs,
        augmentation=values["augmentation"],
        schedule=values["schedule"],
        label_smoothing=values["label_smoothing"],
        optimizer_options={"weight_decay": values["weight_decay"]},
    )
    network = functools.partial(
        _network, convolutions=convolutions, width=values["width"], dropout=values["dropout"]
    )
    entry = models.describe("vgg_gap")
    return dataclasses.replace(entry, name="modern_trial", network=network, recipe=recipe)


def _network(x, classes, convolutions, width, dropout):
    from keras import layers

    for i, count in enumerate(convolutions):
        x = vgg_block(x, width * 2**i, count)
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return probabilities(x, classes)
