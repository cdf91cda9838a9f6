"""Balancing by weights in the loss."""

from collections.abc import Mapping, Sequence

import numpy as np


def class_weights(
    labels: np.ndarray, classes: Sequence[str], power: float = 1.0
) -> dict[int, float]:
    """Return what each class weighs so that all count alike: ``n / (classes * n of the class)``.

    Give the dict to ``fit(class_weight=...)``: Keras takes no array there, and older versions
    ignored one without a word.

    Args:
        labels: int ``(n,)``, of the training rows; -1 is not counted.
        classes: tuple of class names.
        power: float, of a class's size that it is divided by: 0.5 goes half of the way, in
            proportions; 0 leaves all weights at 1.

    Returns:
        dict from label to float; their mean over the rows is 1. Classes without rows weigh 1.
    """
    labels = np.asarray(labels)
    number = np.bincount(labels[labels >= 0], minlength=len(classes))
    raw = np.maximum(number, 1) ** -float(power)
    mean = (raw * number).sum() / max(number.sum(), 1)
    weights = np.where(number > 0, raw / (mean or 1.0), 1.0)
    return dict(enumerate(weights.tolist()))


def sample_weights(labels: np.ndarray, weights: Mapping[int, float]) -> np.ndarray:
    """Return the weight of each row, float32 ``(n,)``; rows without label weigh 0.

    Args:
        labels: int ``(n,)``.
        weights: dict from label to weight, as from ``class_weights``.
    """
    table = np.zeros(max(weights) + 2, np.float32)  # the last one is label -1's
    for label, weight in weights.items():
        table[label] = weight
    return table[np.asarray(labels)]


def divide_by_shares(probabilities: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return probabilities as if all classes were equally common: a remedy without training.

    A network that learned from unequal classes has their shares in its answers. Divided by
    them (Saerens et al. 2002, https://doi.org/10.1162/089976602753284446) a rare class is
    answered where it fits best, not only where it is likelier than a common one.

    Args:
        probabilities: float ``(n, classes)``, rows sum to 1.
        shares: float ``(classes,)``, of the training rows; a class of share 0 keeps its
            probability.

    Returns:
        float ``(n, classes)``, rows sum to 1.
    """
    shares = np.asarray(shares)
    divided = probabilities / np.where(shares > 0, shares, 1)
    return divided / divided.sum(axis=1, keepdims=True)
