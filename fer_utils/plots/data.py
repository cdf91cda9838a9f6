"""Figures about a data set: its classes, its light, its embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import ACCENT, COLOURS, INK, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fer_utils.datasets import Dataset


def class_shares(dataset: Dataset, ax: Axes | None = None) -> Axes:
    """Draw the share of each class in each split whose labels are known, as bars.

    The dashed line is the share that all would have if the classes were balanced.

    Args:
        dataset: a Dataset.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    import pandas as pd
    import seaborn as sns

    known = dataset.labels >= 0
    table = pd.DataFrame(
        {
            "class": np.array(dataset.classes)[dataset.labels[known]],
            "split": dataset.split[known],
        }
    )
    ax = ax or new_axes(8, 3)
    present = [split for split in ("train", "valid", "test") if split in set(table["split"])]
    shares = table.groupby("split")["class"].value_counts(normalize=True).reset_index()
    sns.barplot(
        shares,
        x="class",
        y="proportion",
        hue="split",
        ax=ax,
        order=dataset.classes,
        hue_order=present,
        palette=[INK, "#9cc5d6", ACCENT][: len(present)],
    )
    ax.set(xlabel="", ylabel="share of the split", title=f"{len(table):,} labels by class")
    ax.legend(title="split", loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    balanced = 1 / len(dataset.classes)
    ax.axhline(balanced, color="0.4", linewidth=0.8, linestyle="--")
    ax.text(1.01, balanced, "balanced", transform=ax.get_yaxis_transform(), va="center")
    return ax


def brightness_contrast(dataset: Dataset, rows: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw each image's mean grey value against its standard deviation, coloured by density."""
    ax = ax or new_axes(5, 3.6)
    pixels = dataset.images[rows].reshape(len(rows), -1)
    shown = ax.hexbin(
        pixels.mean(axis=1), pixels.std(axis=1), gridsize=40, mincnt=1, cmap="viridis"
    )
    ax.set(xlabel="brightness (mean grey, 0-255)", ylabel="contrast (standard deviation)")
    ax.figure.colorbar(shown, ax=ax, label="images in a cell")
    ax.set_title(f"brightness and contrast of {len(rows):,} images")
    return ax


def embedding(
    points: np.ndarray,
    values: np.ndarray,
    names: Sequence[str] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw points of the plane, coloured by class or by a number.

    Args:
        points: float ``(n, 2)``.
        values: int ``(n,)`` labels where ``names`` are given, else float ``(n,)``.
        names: tuple of class names, or None.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    import seaborn as sns

    ax = ax or new_axes(5, 4)
    if names is None:
        shown = ax.scatter(points[:, 0], points[:, 1], c=values, s=6, cmap="viridis")
        ax.figure.colorbar(shown, ax=ax, label="brightness")
    else:
        named = np.array(names)[values]
        style = {"palette": list(COLOURS[: len(names)]), "s": 12, "linewidth": 0}
        sns.scatterplot(x=points[:, 0], y=points[:, 1], hue=named, hue_order=names, ax=ax, **style)
        ax.legend(fontsize=8, markerscale=1.5, loc="center right", bbox_to_anchor=(0, 0.5))
    ax.set(xticks=[], yticks=[], title=title)
    return ax
