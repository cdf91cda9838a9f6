"""Where maps lie: their mean for each class, and the share of them inside known regions."""

import numpy as np

from fer_utils.errors import FerError
from fer_utils.explain.faithful import checked_maps


def mean_attention(maps, labels, classes):
    """Return the mean map of each class: what speaks for it, each image counting alike.

    Args:
        maps: float ``(n, height, width)``; what is negative counts as zero.
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
        raise FerError(f"labels go from {labels.min()} to {labels.max()}: write 0 to "
                       f"{len(classes) - 1}")  # fmt: skip
    rows = {name: spread[labels == k] for k, name in enumerate(classes)}
    rows = {name: some[np.isfinite(some).all(axis=(1, 2))] for name, some in rows.items()}
    return {name: some.mean(axis=0) for name, some in rows.items() if len(some)}


def share_inside(maps, regions):
    """Return the share of each map that lies inside its region, float ``(n,)``, 0-1.

    The relevance mass of Arras et al. 2022, https://arxiv.org/abs/2003.07258. A map that is
    spread evenly has the region's share of the image.

    Args:
        maps: float ``(n, height, width)``; what is negative counts as zero.
        regions: bool ``(n, height, width)``.

    Returns:
        float ``(n,)``, NaN where nothing in the map speaks for the class.

    Raises:
        FerError: regions of another shape; NaN.
    """
    maps = checked_maps(maps, np.shape(regions))
    return (_spread(maps) * np.asarray(regions, bool)).sum(axis=(1, 2))


def shares(maps, regions, others=None):
    """Return how much of each method's maps lies inside the regions, against chance.

    Args:
        maps: dict of name to float ``(n, height, width)``.
        regions: bool ``(n, height, width)``.
        others: dict of name to maps of the same images by shuffled weights; None for none.

    Returns:
        DataFrame, a row a method: ``share`` and its standard ``error``, ``chance`` (the regions'
        area), ``times`` chance and ``times_error``, ``n`` (maps in which something speaks for the
        class); with ``others`` also ``shuffled``, their share, and ``lost`` by the shuffling with
        its ``lost_error``, both paired.

    Raises:
        FerError: as ``share_inside``.
    """
    import pandas as pd

    chance = np.asarray(regions, bool).mean(axis=(1, 2))
    rows = {}
    for name, own in maps.items():
        inside = share_inside(own, regions)
        share, error, n = _mean(inside)
        rows[name] = {"share": share, "error": error, "chance": chance.mean()}
        rows[name] |= {"times": share / chance.mean(), "times_error": error / chance.mean()}
        if others is not None:
            beside = share_inside(others[name], regions)
            lost, lost_error, _ = _mean(inside - beside)
            rows[name] |= {"shuffled": _mean(beside)[0], "lost": lost, "lost_error": lost_error}
        rows[name]["n"] = n
    return pd.DataFrame(rows).T


def _mean(values):
    """Return the mean, its standard error, and how many there are; NaN is left out."""
    known = values[np.isfinite(values)]
    if len(known) < 2:
        return float(known.sum()) if len(known) else np.nan, np.nan, len(known)
    return known.mean(), known.std(ddof=1) / np.sqrt(len(known)), len(known)


def _spread(maps):
    """Return what is positive of each map, summing to 1; NaN where nothing is."""
    positive = np.maximum(np.asarray(maps, np.float64), 0)
    with np.errstate(invalid="ignore"):
        return positive / positive.sum(axis=(1, 2), keepdims=True)
