"""What models still know of spoilt images, and one number for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from fer_utils.evaluation.scores import accuracy, check

if TYPE_CHECKING:
    import pandas as pd


def robustness(
    asked: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    images: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str] = tuple(CORRUPTIONS),
    strengths: Sequence[int] = STRENGTHS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the accuracy of models on spoilt images, see ``corrupt``.

    Args:
        asked: dict of name to function of uint8 images ``(n, height, width)`` that returns
            probabilities, as ``functools.partial(training.predict, network)``.
        images: uint8 ``(n, height, width)`` or with channels behind, that no model fitted.
        labels: int ``(n,)``, none below 0.
        names: of ``CORRUPTIONS``.
        strengths: ints, 1 to 5.
        seed: int; all models see the same images.

    Returns:
        DataFrame, a row a model and corruption, columns 0 (the images as they are) and the
        strengths.

    Raises:
        FerError: no model, no images; as ``corrupt`` and ``score``.
    """
    import pandas as pd

    if not asked:
        raise FerError("no model to ask: give at least one")
    if not len(images):
        raise FerError("no images to ask about: give at least one")
    clean, rows = _said(asked, [images], labels), {}
    for name in names:
        spoilt = [corrupt(images, name, strength, seed) for strength in strengths]
        for model, found in _said(asked, spoilt, labels).items():
            rows[model, name] = clean[model] + found
    rows = {(model, name): rows[model, name] for model in asked for name in names}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=[0, *strengths])
    table.index = pd.MultiIndex.from_tuples(rows, names=["model", "corruption"])
    return table


def _said(asked, sets, labels):
    """Return the accuracies of each model on sets of images: a call a model, however many."""
    labels, found = np.asarray(labels), {}
    for model, ask in asked.items():
        said = np.split(np.asarray(ask(np.concatenate(sets))), len(sets))
        for one in said:
            check(labels, one)
        found[model] = [accuracy(labels, one) for one in said]
    return found


def corruption_errors(table: pd.DataFrame, reference: str | None = None) -> pd.DataFrame:
    """Return how much models err on spoilt images, for each error of a reference.

    Hendrycks and Dietterich's corruption error: the errors over all strengths, summed, over those
    of the reference; below 1 where a model errs less. ``mean`` of them is the mCE. It says nothing
    of how good a model is on images as they are, so ``clean error`` stands beside it.

    Args:
        table: DataFrame of ``robustness``.
        reference: name of one of its models; None for the first.

    Returns:
        DataFrame, a row a model: ``clean error`` (not divided), ``mean``, a column a corruption.

    Raises:
        FerError: no such model; a reference that never errs.
    """
    models = list(table.index.unique("model"))
    reference = models[0] if reference is None else reference
    if reference not in models:
        raise FerError(f"no model {reference!r} was asked: there are {', '.join(models)}")
    errors = (1 - table.drop(columns=0)).sum(axis=1).unstack("corruption")
    errors = errors.loc[models, list(table.index.unique("corruption"))]
    if (errors.loc[reference] == 0).any():
        raise FerError(f"{reference} never errs on some corruption: choose another reference")
    ratios = errors / errors.loc[reference]
    ratios.insert(0, "mean", ratios.mean(axis=1))
    ratios.insert(0, "clean error", 1 - table[0].groupby(level="model").first()[models])
    return ratios.rename_axis(columns=None)
