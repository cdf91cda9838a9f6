"""Several data sets as one: auxiliary data in the vocabulary of the main one."""

import warnings
from collections.abc import Sequence

import numpy as np

from fer_utils.datasets.base import UNKNOWN, Dataset, group_identical
from fer_utils.datasets.images import shape_of
from fer_utils.datasets.photographs import fitted
from fer_utils.errors import FerError
from fer_utils.labels import mapping


def merge(
    datasets: Sequence[Dataset],
    vocabulary: Sequence[str] | None = None,
    size: int | tuple[int, int] | None = None,
    rgb: bool | None = None,
    fit: str = "stretch",
) -> Dataset:
    """Return several Datasets as one.

    Rows whose class the vocabulary lacks are left out, with a warning that counts them. Rows
    of unknown label stay. Splits stay: give ``train`` rows only where the others are not to
    be judged on. Groups of different data sets stay apart, but for identical pixels: rows of
    a ``test`` image that also occurs in another data set's ``train`` share its group.

    Args:
        datasets: list of Dataset.
        vocabulary: tuple of class names; None for the first data set's.
        size: int or ``(height, width)``; None for the first data set's.
        rgb: whether to have three channels; None for as the first has. Grey is repeated, RGB
            becomes luma.
        fit: how images change their shape, see ``photographs.fitted``.

    Returns:
        Dataset; names are prefixed, such as ``fer2013/17``.

    Raises:
        FerError: nothing to merge, or nothing is left.

    Example:
        >>> aux = ckplus.take(ckplus.rows("train"))
        >>> both = merge([fer2013, aux])
        >>> both.classes == fer2013.classes
        True
    """
    if not datasets:
        raise FerError("nothing to merge: give a list of data sets")
    first = datasets[0]
    vocabulary = tuple(vocabulary or first.classes)
    shape = first.images.shape[1:3] if size is None else shape_of(size)
    rgb = first.images.ndim == 4 if rgb is None else rgb
    parts = [_translated(dataset, vocabulary) for dataset in datasets]
    if not any(len(rows) for rows, _ in parts):
        raise FerError(f"nothing is left to merge: no row has a class of {', '.join(vocabulary)}")
    chosen = [dataset.take(rows) for dataset, (rows, _) in zip(datasets, parts, strict=True)]
    images = np.concatenate([_brought_to(part.images, shape, rgb, fit) for part in chosen])
    prefixes = _prefixes([dataset.name for dataset in datasets])
    return Dataset(
        images=images,
        labels=np.concatenate([labels for _, labels in parts]),
        classes=vocabulary,
        split=np.concatenate([part.split for part in chosen]),
        groups=group_identical(images, _apart([part.groups for part in chosen])),
        names=np.array(
            [
                f"{p}/{name}"
                for p, part in zip(prefixes, chosen, strict=True)
                for name in part.names
            ]
        ),
        name="+".join(prefixes),
        source=" + ".join(dataset.source for dataset in datasets),
    )


def _translated(dataset, vocabulary):
    """Return (rows that stay, their int8 labels in the vocabulary)."""
    table = np.array([*mapping(dataset.classes, vocabulary), UNKNOWN])  # the last is label -1's
    labels = table[dataset.labels]
    lost = (labels == UNKNOWN) & (dataset.labels != UNKNOWN)
    if lost.any():
        names = [dataset.classes[label] for label in np.unique(dataset.labels[lost])]
        warnings.warn(
            f"{dataset.name}: {lost.sum():,} rows of {', '.join(names)} are left out: "
            "the vocabulary has no such class",
            stacklevel=3,
        )
    return np.flatnonzero(~lost), labels[~lost].astype(np.int8)


def _brought_to(images, shape, rgb, fit):
    """Return images of this shape and number of channels."""
    import cv2

    is_rgb = images.ndim == 4
    if images.shape[1:3] == tuple(shape) and is_rgb == rgb:
        return images
    out = np.empty((len(images), *shape, *((3,) if rgb else ())), np.uint8)
    for i, image in enumerate(images):
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if is_rgb and not rgb else image
        image = fitted(image, shape, fit)
        out[i] = image[..., None] if rgb and not is_rgb else image
    return out


def _apart(groups):
    """Return the concatenated group numbers, none shared by two arrays."""
    numbers = [np.unique(g, return_inverse=True)[1] for g in groups]
    starts = np.cumsum([0] + [n.max(initial=-1) + 1 for n in numbers[:-1]])
    return np.concatenate([n + start for n, start in zip(numbers, starts, strict=True)])


def _prefixes(names):
    """Return the names, a later one of the same name with its number."""
    seen = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name}-{n + 1}" if n else name for name, n in zip(names, seen, strict=True)]
