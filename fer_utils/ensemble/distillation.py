"""Distillation: what several networks say of the training images becomes another's target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.ensemble.combining import average
from fer_utils.ensemble.views import predict_views
from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras

    from fer_utils.datasets import Dataset


def soft_targets(
    dataset: Dataset,
    teachers: Iterable[keras.Model],
    temperature: float = 2.0,
    label_weight: float = 0.3,
) -> np.ndarray:
    """Return targets for ``training.fit_or_restore``: the teachers' answers and the labels mixed.

    Hinton et al. 2015, https://arxiv.org/abs/1503.02531. The teachers have fitted the rows they
    are asked about, so they are surer of them than of others; the temperature makes up for some
    of that. Each image is asked about as it is and mirrored: a student sees both.

    Args:
        dataset: the Dataset; its labelled ``train`` rows are asked about.
        teachers: iterable of ``keras.Model`` of the dataset's classes; a generator that loads
            them has one in memory at a time.
        temperature: the teachers' mean in log space is divided by it, then made to sum to 1;
            above 1 says more of the classes that come second.
        label_weight: share of a target that is the label's own, 0 to 1.

    Returns:
        float32 ``(n, classes)``. Rows that are no labelled ``train`` rows are zero.

    Raises:
        FerError: no teacher, another number of classes, a temperature or share out of range.
    """
    if temperature <= 0 or not 0 <= label_weight <= 1:
        raise FerError(
            f"temperature {temperature:g}, label_weight {label_weight:g}: take above 0, and 0 to 1"
        )
    rows = dataset.rows("train")
    rows = rows[dataset.labels[rows] >= 0]
    said = [_asked(teacher, dataset, rows) for teacher in teachers]
    if not said:
        raise FerError("there is no teacher: name at least one trained network")
    softened = average(np.stack(said)) ** (1 / temperature)
    softened /= softened.sum(axis=1, keepdims=True)
    targets = np.zeros((len(dataset), len(dataset.classes)), np.float32)
    labels = np.eye(len(dataset.classes))[dataset.labels[rows]]
    targets[rows] = label_weight * labels + (1 - label_weight) * softened
    return targets


def _asked(network, dataset, rows):
    said = predict_views(network, dataset.images[rows], "flip")
    if said.shape[1] != len(dataset.classes):
        raise FerError(
            f"{network.name} knows {said.shape[1]} classes, the data have {len(dataset.classes)}"
        )
    return said
