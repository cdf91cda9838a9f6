"""Figures about what networks look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import colour, new_axes, new_grid
from fer_utils.plots.images import faces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heat_maps(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    titles: Sequence[str] | None = None,
    outlines: np.ndarray | None = None,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Draw faces, a row each, and beside each its maps, laid over it.

    Args:
        images: uint8 ``(n, height, width)`` or with colours.
        maps: dict of name to float ``(n, height, width)``; each map is scaled by itself, what is
            negative is not shown.
        titles: n strings, written before the rows; None for none.
        outlines: bool ``(n, height, width)``, regions to draw the border of; None for none.
        axes: array of axes ``(n, 1 + maps)``; None for a new figure.

    Returns:
        The array of axes.
    """
    if axes is None:
        rows, columns = len(images), 1 + len(maps)
        axes = new_grid(rows, columns, (0.98 * columns + 0.6, 0.99 * rows + 0.2))
    named = {"face": np.zeros(np.shape(images)[:3]), **maps}
    for column, (name, some) in enumerate(named.items()):
        faces(images, axes=axes[:, column])
        axes[0, column].set_title(name.replace(" ", "\n"), fontsize=9, pad=2)
        for ax, one in zip(axes[:, column], some, strict=True):
            _lay_over(ax, one)
    for i, ax in enumerate(axes[:, 0]):
        if titles is not None:
            style = {"transform": ax.transAxes, "ha": "right", "va": "center", "fontsize": 9}
            ax.text(-0.08, 0.5, titles[i], **style)
        if outlines is not None and outlines[i].any():
            ax.contour(outlines[i], levels=[0.5], colors="yellow", linewidths=0.8)
    return axes


def attention(means: Mapping[str, np.ndarray], axes: np.ndarray | None = None) -> np.ndarray:
    """Draw the mean map of each class, each scaled by itself, no face beneath.

    Args:
        means: dict of class name to float ``(height, width)``, see ``explain.mean_attention``.
        axes: array of at least as many axes; None for a new figure.

    Returns:
        The array of axes.
    """
    if axes is None:
        axes = new_grid(1, len(means), (1.25 * len(means), 1.45))
    for ax, (name, one) in zip(np.ravel(axes), means.items(), strict=False):
        ax.imshow(one, cmap="inferno", vmin=0, vmax=np.quantile(one, 0.995))
        ax.set_title(name, fontsize=9)
        ax.set_axis_off()
    return axes


def fading(curves: Mapping[str, np.ndarray], title: str = "", ax: Axes | None = None) -> Axes:
    """Draw what a network says as more and more pixels go, or come.

    Args:
        curves: dict of name to float ``(n, steps + 1)``, see ``explain.curves``; their mean is
            drawn.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(4.5, 3.2)
    for place, (name, curve) in enumerate(curves.items()):
        mean = np.mean(curve, axis=0)
        line = "--" if name == "random" else "-"
        share = np.linspace(0, 1, len(mean))
        ax.plot(share, mean, label=name, color=colour(place), linestyle=line)
    ax.set(xlabel="share of the pixels", ylabel="probability of the class", title=title)
    ax.legend(fontsize=7)
    ax.grid(alpha=0.25)
    return ax


def _lay_over(ax, one):
    """Lay a map over an image, which shines through where little speaks for the class."""
    heat = np.maximum(one, 0)
    if heat.max() > 0:
        heat = heat / np.quantile(heat, 0.99).clip(heat.max() / 10)
        ax.imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=0.75 * np.clip(heat, 0, 1) ** 0.5)
