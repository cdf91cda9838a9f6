"""Figures that show images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import new_grid

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


def faces(
    images: np.ndarray | Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    columns: int = 8,
    width: float = 9.0,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Draw images in a grid.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, 3)``.
        titles: n strings, of several lines where the images are small; or None.
        columns: images a row.
        width: of the figure, in inches.
        axes: array of at least n axes; None for a new figure.

    Returns:
        The array of axes.
    """
    rows = max(1, -(-len(images) // columns))
    if axes is None:
        lines = 0 if titles is None else 1 + max((t.count("\n") for t in titles), default=0)
        axes = new_grid(rows, columns, (width, rows * (width / columns + 0.17 * lines)))
    for i, ax in enumerate(np.ravel(axes)):
        ax.set_axis_off()
        if i < len(images):
            ax.imshow(images[i], cmap="gray", vmin=0, vmax=255)
            if titles is not None:
                ax.set_title(titles[i], fontsize=9, pad=2)
    return axes


def sample_faces(
    dataset: Dataset,
    rows: np.ndarray,
    per_class: int = 8,
    seed: int = 0,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Draw a row of randomly drawn images for each class.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, the rows to draw from.
        per_class: images a class.
        seed: of the draw.
        axes: array of axes ``(classes, per_class)``; None for a new figure.

    Returns:
        The array of axes.
    """
    rng = np.random.default_rng(seed)
    n = len(dataset.classes)
    if axes is None:
        axes = new_grid(n, per_class, (per_class * 0.9 + 0.8, n * 0.9))
    for label, line in enumerate(axes):
        pool = rows[dataset.labels[rows] == label]
        drawn = rng.permutation(pool)[:per_class]
        faces(dataset.images[drawn], axes=line)
        line[0].text(
            -0.15,
            0.5,
            dataset.classes[label],
            transform=line[0].transAxes,
            ha="right",
            va="center",
        )
    return axes


def mean_faces(dataset: Dataset, rows: np.ndarray, axes: np.ndarray | None = None) -> np.ndarray:
    """Draw the mean image of each class and what sets it apart from the mean of all.

    Returns:
        The array of axes: means above, differences below (red is brighter, blue darker).
    """
    classes = dataset.classes
    axes = new_grid(2, len(classes), (9, 2.9)) if axes is None else axes
    overall = dataset.images[rows].mean(axis=0)
    for label, (top, bottom) in enumerate(axes.T):
        mean = dataset.images[rows[dataset.labels[rows] == label]].mean(axis=0)
        top.imshow(mean, cmap="gray")
        top.set_title(classes[label], fontsize=9)
        shown = bottom.imshow(mean - overall, cmap="RdBu_r", vmin=-20, vmax=20)
        top.set_axis_off()
        bottom.set_axis_off()
    axes[1, 0].figure.colorbar(shown, ax=list(axes[1]), label="grey values")
    return axes
