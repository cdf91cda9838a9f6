"""Whether a map names what the network goes by: deletion and insertion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.explain.asking import Network

if TYPE_CHECKING:
    import keras

KINDS = ("deletion", "insertion")


def curves(
    network: Network | keras.Model,
    images: np.ndarray,
    maps: np.ndarray,
    labels: np.ndarray | None = None,
    kind: str = "deletion",
    steps: int = 12,
    seed: int = 0,
) -> np.ndarray:
    """Return what a network says as pixels go, or come, in the order of a map.

    Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421. ``deletion`` replaces the pixels of the
    highest values first by the image's mean grey: the faster the class is lost, the better the map
    names what it hangs on. ``insertion`` puts them into a blurred copy: the faster it comes, the
    better. Equal values go in a drawn order.

    Args:
        network: a Network, or a ``keras.Model`` of images 0-255.
        images: as for ``explain``.
        maps: float ``(n, height, width)``.
        labels: int ``(n,)``; None for the classes that the model thinks most probable.
        kind: ``deletion`` or ``insertion``.
        steps: int, in how many parts the pixels go, 1 or more.
        seed: int, of the order of equal values.

    Returns:
        float32 ``(n, steps + 1)``: what the model says of the class from the first to the last.

    Raises:
        FerError: as ``explain``; maps of another shape or with NaN; another kind; no step.
    """
    network = network if isinstance(network, Network) else Network(network)
    shown = network.images(images)
    labels = network.labels(labels, shown)
    maps = checked_maps(maps, shown.shape[:3])
    if kind not in KINDS or steps < 1:
        raise FerError(f"{kind} in {steps} steps: take deletion or insertion, and 1 or more")
    without = _grey(shown) if kind == "deletion" else _blurred(shown)
    first, last = (shown, without) if kind == "deletion" else (without, shown)
    ranks = _ranks(maps, seed)
    said = []
    for share in np.linspace(0, 1, steps + 1):
        changed = (ranks < round(share * ranks[0].size))[..., None]
        said.append(network.score(np.where(changed, last, first), labels))
    return np.stack(said, axis=1)


def area(curve: np.ndarray) -> np.ndarray:
    """Return float ``(n,)``: the area under each curve, 0-1; low is good for deletion.

    Args:
        curve: float ``(n, steps + 1)``, from ``curves``.
    """
    curve = np.asarray(curve, np.float64)
    return (curve[:, 1:] + curve[:, :-1]).mean(axis=1) / 2


def checked_maps(maps, shape):
    """Return maps as an array of a shape ``(n, height, width)``.

    Raises:
        FerError: another shape, or NaN.
    """
    maps = np.asarray(maps)
    if maps.shape != tuple(shape):
        raise FerError(f"maps are {maps.shape}, not {tuple(shape)}: give one for each image")
    bad = np.flatnonzero(~np.isfinite(maps).all(axis=(1, 2)))
    if len(bad):
        raise FerError(f"map {bad[0]} has NaN: leave its image out")
    return maps


def _ranks(maps, seed):
    """Return int ``(n, height, width)``: 0 for the highest value of each map, then 1, 2, ..."""
    flat = maps.reshape(len(maps), -1)
    drawn = np.random.default_rng(seed).permutation(flat.shape[1])
    order = np.lexsort((np.broadcast_to(drawn, flat.shape), -flat))
    return order.argsort(axis=1).reshape(maps.shape)


def _grey(shown):
    return np.broadcast_to(shown.mean(axis=(1, 2), keepdims=True), shown.shape)


def _blurred(shown):
    from scipy.ndimage import gaussian_filter

    sigma = 5 * min(shown.shape[1:3]) / 48  # as wide, in faces, as Petsiuk's on photographs
    return gaussian_filter(shown, (0, sigma, sigma, 0))
