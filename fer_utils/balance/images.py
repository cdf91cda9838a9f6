"""Balancing by new images: changed copies, and images between two others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.balance.rows import checked, missing, numbers, remove_to
from fer_utils.datasets.base import MIXED
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


def augment_to(
    dataset: Dataset,
    rows: np.ndarray,
    n: int,
    transform: Callable[[np.ndarray, int], np.ndarray],
    seed: int = 0,
) -> tuple[Dataset, np.ndarray]:
    """Bring each class to ``n`` rows: rarer ones by changed copies, others by removal.

    Seed 004 brought each of its classes to 5,000 so; but it did before it split.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        n: int, rows a class.
        transform: function ``(image, seed)`` that returns a changed uint8 image of the same
            shape; the seed is an int, another for each copy.
        seed: int.

    Returns:
        ``(longer, rows)``: the Dataset with the copies at its end, each in its original's
        split and group, and the int64 rows to train on. Classes without rows stay so.

    Raises:
        FerError: rows that are not of ``train``; a transform that changes shape or type.

    Example:
        >>> mirrored = lambda image, seed: image[:, ::-1]
        >>> longer, train = augment_to(faces, faces.rows("train"), 500, mirrored)
    """
    kept = remove_to(dataset, rows, n, seed)
    extra = missing(dataset, kept, n, seed)
    seeds = np.random.default_rng((seed, 1)).integers(1 << 31, size=len(extra)).tolist()
    images = np.empty((len(extra), *dataset.images.shape[1:]), np.uint8)
    for i, (row, number) in enumerate(zip(extra, seeds, strict=True)):
        images[i] = _transformed(transform, dataset.images[row], number)
    names = [f"{dataset.names[row]}+{i}" for i, row in enumerate(extra)]
    return _longer(dataset, images, dataset.labels[extra], dataset.groups[extra], names, kept)


def smote(
    dataset: Dataset,
    rows: np.ndarray,
    n: int | None = None,
    neighbours: int = 5,
    fewer: bool = False,
    seed: int = 0,
) -> tuple[Dataset, np.ndarray]:
    """Bring rarer classes to ``n`` rows by images between one and a near one of its class.

    Chawla et al. 2002, https://doi.org/10.1613/jair.953, on pixels, through imbalanced-learn.
    Between two faces' pixels lies a double exposure, not a face: seed 003 found that it
    overfits. Needs memory for all rows as float32, three times.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        n: int; None for the size of the largest class. Larger classes stay.
        neighbours: int, how many nearest images of the class to choose the second from.
        fewer: whether a class with too few examples for that may use fewer neighbours.
        seed: int.

    Returns:
        ``(longer, rows)``: the Dataset with the new images at its end, and the int64 rows to
        train on. Their group is ``MIXED``: they belong to two, and can be split no more.

    Raises:
        FerError: rows that are not of ``train``; a class with one example, or with no more
            than ``neighbours`` unless ``fewer``.
    """
    from imblearn.over_sampling import SMOTE

    def sampler(strategy, k):
        return SMOTE(sampling_strategy=strategy, k_neighbors=k, random_state=seed)

    return _oversampled("SMOTE", sampler, dataset, rows, n, neighbours, fewer)


def adasyn(
    dataset: Dataset,
    rows: np.ndarray,
    n: int | None = None,
    neighbours: int = 5,
    fewer: bool = False,
    seed: int = 0,
) -> tuple[Dataset, np.ndarray]:
    """Bring rarer classes to about ``n`` rows, most where other classes are near.

    He et al. 2008, https://doi.org/10.1109/IJCNN.2008.4633969. As ``smote``, but an image is
    the more often a start the more of its neighbours are of other classes. How often is
    rounded, so the number differs from ``n``: a class that lacks less than half of what it
    has may stay as it is.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, rows of ``train`` with labels.
        n: int; None for the size of the largest class.
        neighbours: int.
        fewer: see ``smote``.
        seed: int.

    Returns:
        ``(longer, rows)``, see ``smote``.

    Raises:
        FerError: see ``smote``; a class that has no neighbours of other classes.
    """
    from imblearn.over_sampling import ADASYN

    def sampler(strategy, k):
        return ADASYN(sampling_strategy=strategy, n_neighbors=k, random_state=seed)

    return _oversampled("ADASYN", sampler, dataset, rows, n, neighbours, fewer)


def _oversampled(method, sampler, dataset, rows, n, neighbours, fewer):
    rows = checked(dataset, rows)
    number = numbers(dataset, rows)
    n = number.max() if n is None else n
    rare = np.flatnonzero((number > 0) & (number < n)).tolist()
    k = {label: _neighbours(method, dataset, number, label, neighbours, fewer) for label in rare}
    # float32: differences of uint8 wrap around.
    pixels = dataset.images[rows].reshape(len(rows), -1).astype(np.float32)
    made, labels = [np.empty((0, pixels.shape[1]), np.uint8)], []
    for label in rare:
        new = _resampled(method, sampler({label: n}, k[label]), pixels, dataset, rows, label)
        made.append(np.rint(new).astype(np.uint8))  # between two, so within 0-255
        labels += [label] * len(new)
    images = np.concatenate(made).reshape(-1, *dataset.images.shape[1:])
    names = [f"{method}+{i}" for i in range(len(images))]
    return _longer(dataset, images, labels, np.full(len(images), MIXED), names, rows)


def _neighbours(method, dataset, number, label, wanted, fewer):
    """Return how many neighbours a class can use, if it has enough examples."""
    name, n = dataset.classes[label], int(number[label])
    if n < 2:
        raise FerError(
            f"{method}: class {name!r} has one example, and nothing to mix it with: use "
            "duplicate_to or augment_to, or leave the class out"
        )
    if n <= wanted and not fewer:
        raise FerError(
            f"{method}: class {name!r} has {n} examples, fewer than {wanted} neighbours need: "
            f"give fewer=True, or neighbours={n - 1}"
        )
    return min(wanted, n - 1)


def _resampled(method, sampler, pixels, dataset, rows, label):
    """Return the new rows of pixels of one class."""
    try:
        mixed, _ = sampler.fit_resample(pixels, dataset.labels[rows])
    except (ValueError, RuntimeError) as error:
        if str(error).startswith("No samples will be generated"):  # ADASYN's rounding
            return pixels[:0]
        why = str(error).split(". ")[0].splitlines()[0]
        raise FerError(
            f"{method}: class {dataset.classes[label]!r} cannot be brought to more rows ({why}): "
            "use duplicate_to or augment_to"
        ) from error
    return mixed[len(rows) :]


def _transformed(transform, image, seed):
    out = np.asarray(transform(image, seed))
    if out.shape != image.shape or out.dtype != np.uint8:
        raise FerError(
            f"the transform returns {out.dtype} {out.shape} for uint8 {image.shape}: "
            "it must keep type and shape"
        )
    return out


def _longer(dataset, images, labels, groups, names, rows):
    """Return the Dataset with these training rows at its end, and all rows to train on."""
    ends = {
        "images": images,
        "labels": np.array(labels, np.int8),
        "groups": groups,
        "split": np.full(len(images), "train"),
        "names": np.array(names, str),
    }
    longer = {key: np.concatenate([getattr(dataset, key), end]) for key, end in ends.items()}
    new = np.arange(len(dataset), len(dataset) + len(images))
    return dataclasses.replace(dataset, **longer), np.concatenate([rows, new])
