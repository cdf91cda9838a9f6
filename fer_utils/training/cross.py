"""Cross-validation by group: each training row is judged by a network that never saw its person."""

import dataclasses

import numpy as np

from fer_utils import datasets, runs
from fer_utils.training.fit import fit_or_restore


def cross_validate(
    name, dataset, settings, recipe=None, key=None, size=None, *, k=5, start=None, targets=None
):
    """Fit ``k`` networks, each without a k-th of the groups, and predict what it did not see.

    Each fit is restored or continued as ``fit_or_restore`` does it, in ``<key>/fold0`` and so on.

    Args:
        name: a registered network.
        dataset: the Dataset; its labelled ``train`` rows are parted.
        settings: the Settings.
        recipe: the Recipe; None for the network's own.
        key: folder under the run folder; None for the network's name.
        size: side in pixels that the network sees; None for the images' own.
        k: int, how many folds.
        start: see ``fit_or_restore``. What it was trained on must not hold these people.
        targets: see ``fit_or_restore``.

    Returns:
        dict of ``index``, ``split``, ``probabilities`` and ``fold``, sorted by ``index``, also
        written as ``<key>/predictions.npz``. Rows of ``train`` are out of fold: predicted by
        the one network that did not fit their group. All others have the mean of the ``k``
        networks and fold -1.

    Raises:
        FerError: fewer groups than folds; see ``fit_or_restore``.
    """
    key = key or name
    train = dataset.rows("train")
    others = dataset.rows("valid", "test")
    shape = len(dataset), len(dataset.classes)
    probabilities, fold = np.zeros(shape, np.float32), np.full(len(dataset), -1)
    for i, (_, held_out) in enumerate(datasets.folds(dataset, train, k, settings.seed)):
        fitted = fit_or_restore(
            name,
            held_out_as_valid(dataset, held_out),
            settings,
            recipe,
            f"{key}/fold{i}",
            size,
            start=start,
            targets=targets,
        )
        told = np.zeros(shape, np.float32)
        told[fitted.predictions["index"]] = fitted.predictions["probabilities"]
        probabilities[held_out], fold[held_out] = told[held_out], i
        probabilities[others] += told[others] / k
    index = np.union1d(train, others)
    predictions = {
        "index": index,
        "split": dataset.split[index],
        "probabilities": probabilities[index],
        "fold": fold[index],
    }
    runs.write_predictions(settings.run_dir / key / "predictions.npz", **predictions)
    return predictions


def held_out_as_valid(dataset, held_out):
    """Return the Dataset with these training rows as ``valid``, and what was that as ``test``."""
    split = np.where(dataset.split == "valid", "test", dataset.split).astype("<U5")
    split[held_out] = "valid"
    return dataclasses.replace(dataset, split=split)
