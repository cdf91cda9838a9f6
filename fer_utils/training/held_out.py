"""Which rows are reported, and which are watched while a network is fitted."""

import numpy as np

from fer_utils import datasets
from fer_utils.balance.rows import checked


def held_out(dataset, recipe, seed, rows=None):
    """Return which rows a fit reports on, and which it watches.

    PublicTest is reported; where it has no labels, a tenth of Training, the same for each seed:
    an ensemble's members answer the same rows, and none has fitted them. What is reported is
    watched, as a curve, if nothing hangs on it. Where the recipe chooses by what it watches, an
    epoch, when to stop or when to slow down, that is a tenth of the rows to fit: what is reported
    has chosen nothing.

    Args:
        dataset: the Dataset.
        recipe: the Recipe.
        seed: int, of the tenth that a recipe chooses by.
        rows: rows of ``train`` to fit; None for all.

    Returns:
        ``(reported, watched)``, two sorted int64 arrays. No group has rows in them and among
        those that are left to fit.

    Raises:
        FerError: rows that cannot be fitted; too few groups to hold some out.
    """
    valid, train = dataset.rows("valid"), dataset.rows("train")
    train = train[dataset.labels[train] >= 0]
    labelled = len(valid) and (dataset.labels[valid] >= 0).all()
    reported = valid if labelled else datasets.share(dataset, train, 0.1)[1]
    if not chooses(recipe):
        return reported, reported
    left = train if rows is None else np.unique(checked(dataset, rows))
    left = left[~np.isin(left, reported)]
    # Not share: that needs a group a class in the tenth, and few persons have none to give.
    return reported, datasets.folds(dataset, left, 10, seed)[0][1]


def chooses(recipe):
    """Return whether what is watched decides anything."""
    return recipe.keep == "best" or recipe.patience > 0 or recipe.schedule == "plateau"
