"""Scores of a run's predictions; the withheld labels are read here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import datasets
from fer_utils.evaluation.scores import score

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


def evaluate(dataset: Dataset, predictions: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the scores of a model on the predicted rows whose labels are known.

    Args:
        dataset: the Dataset that was predicted.
        predictions: dict with ``index``, ``split`` and ``probabilities``.

    Returns:
        Flat dict such as ``{"scored_on": "valid", "accuracy": 0.61, "standard_error": 0.008,
        "macro_f1": 0.55, "n": 3589, "accuracy_without_twins": 0.60}``. ``scored_on`` is
        ``valid`` (PublicTest), or ``train`` for rows of Training that were held out because
        PublicTest has no labels. Empty where no labels are known.
    """
    known = dataset.labels[predictions["index"]] >= 0
    for split in ("valid", "train"):
        rows = known & (predictions["split"] == split)
        if rows.any():
            return {"scored_on": split, **_scores(dataset, dataset.labels, predictions, rows)}
    return {}


def evaluate_final(
    dataset: Dataset,
    root: str | Path | None,
    predictions: Mapping[str, np.ndarray],
    **options: Any,
) -> dict[str, Any]:
    """Return the scores on the test rows. This is the last number: choose nothing by it.

    Args:
        dataset: the Dataset that was predicted.
        root: where its files are; None for synthetic faces.
        predictions: dict with ``index``, ``split`` and ``probabilities``.
        **options: as given to ``datasets.load``.

    Returns:
        Flat dict as from ``evaluate``, ``scored_on`` is ``test``.

    Raises:
        FerError: the source has no labels for its test rows, or none is predicted.
    """
    labels = dataset.labels.copy()
    labels[dataset.rows("test")] = datasets.private_labels(dataset, root, **options)
    rows = predictions["split"] == "test"
    return {"scored_on": "test", **_scores(dataset, labels, predictions, rows)}


def twins_in_train(dataset: Dataset) -> np.ndarray:
    """Return bool ``(n,)``: the row's pixels are those of a Training row (not for these).

    A network that has fitted Training gets such rows nearly for nothing (8% of FER2013's
    test halves), so every score is also given without them.
    """
    train = dataset.split == "train"
    shared = np.intersect1d(dataset.groups[train], dataset.groups[~train])
    rows = np.flatnonzero(np.isin(dataset.groups, shared))  # identical pixels share a group
    pixels = datasets.group_identical(dataset.images[rows])
    twins = np.zeros(len(dataset), bool)
    twins[rows] = np.isin(pixels, pixels[train[rows]]) & ~train[rows]
    return twins


def _scores(dataset, labels, predictions, rows):
    """Return the scores of some of the predictions, with and without twins."""
    index, probabilities = predictions["index"], predictions["probabilities"]
    scores = score(labels[index[rows]], probabilities[rows])
    alone = rows & ~twins_in_train(dataset)[index]
    if alone.any():
        without = score(labels[index[alone]], probabilities[alone])
        scores["accuracy_without_twins"] = without["accuracy"]
    return scores
