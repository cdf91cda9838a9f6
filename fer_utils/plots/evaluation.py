"""Figures about what models get wrong, how sure they are, and what spoils them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import colour, new_axes, new_grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def confusion(counts: pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw how often each class was taken for each: shares of a row, coloured, with their number.

    Args:
        counts: DataFrame, a row a label, a column an answer, as of ``evaluation.confusion``.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes. A class that does not occur has an empty row.
    """
    import seaborn as sns

    ax = ax or new_axes(0.62 * len(counts) + 1.3, 0.5 * len(counts) + 0.8)
    shares = counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)
    style = {"annot": True, "fmt": ".2f", "annot_kws": {"fontsize": 8}, "linewidths": 0.5}
    sns.heatmap(shares, vmin=0, vmax=1, cmap="Blues", cbar=False, ax=ax, **style)
    ax.set(xlabel="answer", ylabel="label", title=title)
    ax.tick_params(axis="y", rotation=0)
    return ax


def reliability(tables: Mapping[str, pd.DataFrame], ax: Axes | None = None) -> Axes:
    """Draw how often models are right where they say that they are so sure.

    Args:
        tables: dict of name to DataFrame with ``confidence``, ``accuracy`` and ``rows``, as of
            ``evaluation.reliability``.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes. On the dashed line a model is right as often as it says; a point's size is its
        share of the rows.
    """
    ax = ax or new_axes(5, 4)
    ax.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=0.8)
    for place, (name, table) in enumerate(tables.items()):
        x, y, size = table["confidence"], table["accuracy"], table["rows"] / table["rows"].sum()
        ax.plot(x, y, color=colour(place), linewidth=1, label=name)
        ax.scatter(x, y, s=4 + 400 * size, color=colour(place), alpha=0.6)
    ax.set(xlabel="how sure (mean probability of the answer)", xlim=(0, 1))
    ax.set(ylabel="how often right (accuracy)", ylim=(-0.03, 1.03))
    ax.legend(fontsize=8, loc="upper left")
    ax.grid(alpha=0.25)
    return ax


def robustness(table: pd.DataFrame, axes: np.ndarray | None = None) -> np.ndarray:
    """Draw the accuracy of models over the strength of each corruption.

    Args:
        table: DataFrame, a row a model and corruption, a column a strength, as of
            ``evaluation.robustness``.
        axes: array of axes, one a corruption at least; None for a new figure.

    Returns:
        The array of axes.
    """
    names, models = (table.index.unique(level) for level in ("corruption", "model"))
    if axes is None:
        lines = -(-len(names) // 4)
        axes = new_grid(lines, 4, (10, 2.3 * lines + 0.4))
    flat = np.ravel(axes)
    for ax, name in zip(flat, names, strict=False):
        for place, model in enumerate(models):
            row = table.loc[(model, name)]
            style = {"marker": "o", "markersize": 3, "color": colour(place)}
            ax.plot(row.index, row, label=model, **style)
        ax.set_title(name, fontsize=10)
        ax.set(xticks=table.columns, ylim=(0, 1))
        ax.grid(alpha=0.25)
    for ax in flat[len(names) :]:
        ax.set_axis_off()
    flat[0].set_ylabel("accuracy")
    flat[len(names) - 1].set_xlabel("strength")
    flat[0].legend(fontsize=9)
    return axes
