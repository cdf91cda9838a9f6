"""Where maps lie: their mean for each class, and the share of them inside known regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.explain.faithful import checked_maps

if TYPE_CHECKING:
    import pandas as pd


def mean_attention(
    maps: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return the mean map of each class: what speaks for it, each image counting alike.

    Args:
        maps: float ``(n, height, width)``; what is negative counts as zero, a map in which
            nothing is positive as spread evenly.
        labels: int ``(n,)``, the class that each map explains.
        classes: tuple of class names.

    Returns:
        dict of class name to float ``(height, width)`` that sums to 1; without the classes that
        no map explains.

    Raises:
        FerError: as many labels as maps are wanted, each of a class; NaN.
    """
    spread, labels = _spread(checked_maps(maps, np.shape(maps))), np.asarray(labels)
    if labels.shape != (len(spread),):
        raise FerError(f"{labels.size} labels for {len(spread)} maps: give one for each")
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
        ends = f"labels go from {labels.min()} to {labels.max()}"
        raise FerError(f"{ends}: write 0 to {len(classes) - 1}")
    rows = {name: spread[labels == k] for k, name in enumerate(classes)}
    return {name: some.mean(axis=0) for name, some in rows.items() if len(some)}


def share_inside(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Return the share of each map that lies inside its region, float ``(n,)``, 0-1.

    The relevance mass of Arras et al. 2022, https://arxiv.org/abs/2003.07258. A map that is
    spread evenly has the region's share of the image, which is chance. One in which nothing
    speaks for the class points nowhere, and counts as spread evenly.

    Args:
        maps: float ``(n, height, width)``; what is negative counts as zero.
        regions: bool ``(n, height, width)``.

    Raises:
        FerError: regions of another shape; NaN.
    """
    maps, regions = checked_maps(maps, np.shape(regions)), np.asarray(regions, bool)
    return (_spread(maps) * regions).sum(axis=(1, 2))


def without_network(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return two maps that ask no network: what a network looks at should lie better than they.

    Expressions show at edges, and faces lie in the middle: a map may lie inside the regions for
    these reasons alone.

    Args:
        images: ``(n, height, width)`` or with channels.

    Returns:
        dict of float ``(n, height, width)``: ``edges``, how steep the greys are at each pixel, and
        ``centre``, a round blob in the middle of each picture, an eighth of its height wide (one
        standard deviation) and as much a width.

    Raises:
        FerError: images of another shape, or with NaN.
    """
    images = np.asarray(images, np.float64)
    if images.ndim not in (3, 4):
        raise FerError(f"images are {images.shape}: give (n, height, width) or with channels")
    grey = images.mean(axis=-1) if images.ndim == 4 else images
    grey = checked_maps(grey, grey.shape)
    down, across = (np.linspace(-4, 4, side) for side in grey.shape[1:])
    blob = np.exp(-(down[:, None] ** 2 + across**2) / 2)
    return {
        "edges": np.hypot(*np.gradient(grey, axis=(1, 2))),
        "centre": np.repeat(blob[None], len(grey), axis=0),
    }


def shares(
    maps: Mapping[str, np.ndarray],
    regions: np.ndarray,
    others: Mapping[str, np.ndarray] | None = None,
    beside: str | None = None,
) -> pd.DataFrame:
    """Return how much of each method's maps lies inside the regions, against chance.

    Args:
        maps: dict of name to float ``(n, height, width)``.
        regions: bool ``(n, height, width)``.
        others: dict of name to maps of the same images by shuffled weights; None for none. A
            method that is not in it, since it asks no network, has NaN there.
        beside: name of the method in ``maps`` that the others are compared with; None for none.

    Returns:
        DataFrame, a row a method: ``share`` and its standard ``error``, ``chance`` (the regions'
        area), ``times`` chance and ``times_error``, ``empty`` (maps in which nothing speaks for
        the class); with ``others`` also ``shuffled``, their share, and what is ``lost`` by the
        shuffling with its ``lost_error``, paired; with ``beside`` also ``gain``, the share less
        that method's, with its ``gain_error``, paired. ``times_error`` is that of a ratio: faces
        of larger regions have larger shares as well.

    Raises:
        FerError: as ``share_inside``; fewer than two maps; regions without a pixel; ``beside`` is
            none of the methods.
    """
    import pandas as pd

    areas = np.asarray(regions, bool).mean(axis=(1, 2))
    chance = areas.mean()
    if not chance > 0:
        raise FerError("the regions are empty: neutral faces have none, leave them out")
    if beside is not None and beside not in maps:
        raise FerError(f"there are no maps {beside!r}: compare with one of {', '.join(maps)}")
    inside = {name: share_inside(own, regions) for name, own in maps.items()}
    rows = {}
    for name, own in inside.items():
        share, error = _mean(own)
        times = share / chance
        rows[name] = {"share": share, "error": error, "chance": chance, "times": times}
        rows[name]["times_error"] = _mean(own - times * areas)[1] / chance  # the delta method
        if others is not None and name in others:
            unlearned = share_inside(others[name], regions)
            lost, lost_error = _mean(own - unlearned)
            rows[name] |= {"shuffled": unlearned.mean(), "lost": lost, "lost_error": lost_error}
        if beside is not None:
            rows[name]["gain"], rows[name]["gain_error"] = _mean(own - inside[beside])
        rows[name]["empty"] = (np.asarray(maps[name]) <= 0).all(axis=(1, 2)).sum()
    return pd.DataFrame(rows).T


def _mean(values):
    """Return the mean and its standard error."""
    if len(values) < 2:
        raise FerError(f"{len(values)} maps have no error: give at least two")
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


def _spread(maps):
    """Return what is positive of each map, summing to 1; evenly spread where nothing is."""
    positive = np.maximum(np.asarray(maps, np.float64), 0)
    total = positive.sum(axis=(1, 2), keepdims=True)
    even = np.full_like(positive, 1 / positive[0].size) if len(positive) else positive
    return np.where(total > 0, positive / np.where(total > 0, total, 1), even)
