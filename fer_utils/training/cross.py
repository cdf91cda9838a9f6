"""Cross-validation by group: who judges a training row never saw its person."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import datasets, runs
from fer_utils.training.fit import fit_or_restore
from fer_utils.training.prediction import predict

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset
    from fer_utils.models import Recipe
    from fer_utils.models.registry import Entry
    from fer_utils.settings import Settings


def cross_validate(
    name: str | Entry,
    dataset: Dataset,
    settings: Settings,
    recipe: Recipe | None = None,
    key: str | None = None,
    size: int | None = None,
    *,
    k: int = 5,
    mirrored: bool = False,
    **options: Any,
) -> dict[str, np.ndarray]:
    """Fit ``k`` networks, each without a k-th of the groups, and predict what it did not see.

    Each fit is restored or continued as ``fit_or_restore`` does it, in ``<key>/fold0`` and so on.

    Args:
        name: as for ``fit_or_restore``, and so ``settings``, ``recipe`` and ``size``.
        dataset: the Dataset; its labelled ``train`` rows are parted.
        settings: the Settings.
        recipe: the Recipe.
        key: folder under the run folder; None for the network's name and ``_folds``.
        size: side in pixels.
        k: int, how many folds.
        mirrored: predict the image and its mirror image, and take the mean.
        **options: ``fit_or_restore``'s others but ``rows``. What a ``start`` was trained on must
            not hold these people.

    Returns:
        dict of ``index``, ``split``, ``probabilities`` and ``fold``, sorted by ``index``, also
        written as ``<key>/predictions.npz``. Rows of ``train`` are out of fold: predicted by
        the one network that did not fit their group. All others have the mean of the ``k``
        networks and fold -1.

    Raises:
        FerError: fewer groups than folds; see ``fit_or_restore``.
    """
    # A plain fit's predictions lie under its name.
    key = key or f"{getattr(name, 'name', name)}_folds"
    train = dataset.rows("train")
    train = train[dataset.labels[train] >= 0]
    others = dataset.rows("valid", "test")
    probabilities = np.zeros((len(dataset), len(dataset.classes)), np.float32)
    fold = np.full(len(dataset), -1)
    for i, (_, held_out) in enumerate(datasets.folds(dataset, train, k, settings.seed)):
        part, place = _held_out_as_valid(dataset, held_out), f"{key}/fold{i}"
        model = fit_or_restore(name, part, settings, recipe, place, size, **options).model
        probabilities[held_out] = predict(model, dataset.images[held_out], mirrored)
        fold[held_out] = i
        if len(others):
            probabilities[others] += predict(model, dataset.images[others], mirrored) / k
    index = np.union1d(train, others)
    predictions = {
        "index": index,
        "split": dataset.split[index],
        "probabilities": probabilities[index],
        "fold": fold[index],
    }
    runs.write_predictions(settings.run_dir / key / "predictions.npz", **predictions)
    return predictions


def _held_out_as_valid(dataset, held_out):
    """Return the Dataset with these training rows as ``valid``, and what was that as ``test``."""
    split = np.where(dataset.split == "valid", "test", dataset.split).astype("<U5")
    split[held_out] = "valid"
    return dataclasses.replace(dataset, split=split)
