"""Figures about searches for hyper-parameters. They take the tables that ``tuning`` makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import ACCENT, INK, colour, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_PLATE = {"boxstyle": "square,pad=0.1", "facecolor": "white", "alpha": 0.7, "linewidth": 0}
_MARKS = {"finished": "o", "pruned": "x", "failed": "v", "running": "."}


def search_history(searches: Mapping[str, pd.DataFrame], ax: Axes | None = None) -> Axes:
    """Draw each trial's accuracy and the best so far against the epochs spent.

    Args:
        searches: dict of name to DataFrame of ``state``, ``accuracy`` and ``spent`` epochs in the
            order of the trials. A failed trial without an accuracy is not drawn.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(6.5, 3.4)
    for i, (name, table) in enumerate(searches.items()):
        spent, finished = table["spent"].cumsum(), table["state"] == "finished"
        best = table["accuracy"].where(finished).cummax().ffill()
        style = {"drawstyle": "steps-post", "color": colour(i)}
        ax.plot(spent, best, label=f"{name}: best so far", **style)
        for state, mark in _MARKS.items():
            rows = table["state"] == state
            ax.scatter(spent[rows], table["accuracy"][rows], marker=mark, color=colour(i), s=24,
                       linewidth=1, alpha=0.7)  # fmt: skip
    ax.set(xlabel="epochs spent", ylabel="accuracy", title="o: finished, x: ended early")
    ax.legend(fontsize=8)
    ax.grid(alpha=0.25)
    return ax


def search_curves(curves: pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the accuracy of every trial after each epoch; a cross marks where one was pruned.

    Args:
        curves: DataFrame of ``trial``, ``epoch``, ``accuracy`` and ``state``.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(5.5, 3.4)
    for _, curve in curves.groupby("trial"):
        pruned = curve["state"].iloc[0] == "pruned"
        ax.plot(curve["epoch"], curve["accuracy"], color="0.6" if pruned else INK, linewidth=1,
                alpha=0.8)  # fmt: skip
        if pruned:
            ax.plot(*curve[["epoch", "accuracy"]].iloc[-1], "x", color=ACCENT, markersize=5)
    ax.set(xlabel="epoch", ylabel="accuracy", title=title)
    ax.locator_params(axis="x", integer=True)
    ax.grid(alpha=0.25)
    return ax


def importance(shares: pd.Series, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the share of the variance that each hyper-parameter explains, largest on top.

    Args:
        shares: Series, index the hyper-parameters.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(5, 0.26 * len(shares) + 0.8)
    shares = shares.sort_values()
    bars = ax.barh(shares.index, shares.to_numpy(), color=INK)
    ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    ax.set(xlim=(0, 1.15 * shares.max()), xlabel="share of the variance", title=title)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def parallel_coordinates(
    table: pd.DataFrame, columns: Sequence[str], log: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw each trial as a line across its hyper-parameters, coloured by accuracy.

    Args:
        table: DataFrame with ``accuracy`` and the columns; trials without accuracy are left out.
        columns: names of hyper-parameters, numbers or words.
        log: names of those to draw on a logarithmic scale.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    import matplotlib.pyplot as plt

    ax = ax or new_axes(1.1 * len(columns) + 1.5, 3.6)
    table = table.dropna(subset=["accuracy"]).sort_values("accuracy")
    heights = np.stack(
        [_heights(ax, i, table[name], name in log) for i, name in enumerate(columns)], axis=1
    )
    shades = plt.Normalize(table["accuracy"].min(), table["accuracy"].max())
    for line, accuracy in zip(heights, table["accuracy"], strict=True):
        ax.plot(line, color=plt.cm.viridis(shades(accuracy)), linewidth=1.2, alpha=0.8)
    ax.plot(heights[-1], color=ACCENT, linewidth=2.5, label="the best")
    ax.set(xlim=(-0.3, len(columns) - 0.4), ylim=(-0.08, 1.08), yticks=[])
    ax.set_xticks(range(len(columns)), columns, rotation=25, ha="right", fontsize=8)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(plt.cm.ScalarMappable(shades, "viridis"), ax=ax, label="accuracy")
    ax.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


def _heights(ax, x, values, log):
    """Draw one axis with its ticks; return where on it each value lies, 0-1."""
    if values.dtype.kind in "if":
        positions, ticks = _numbers(values, np.log if log else np.asarray)
    else:
        kinds = sorted(values.unique())
        places = dict(zip(kinds, _spread(len(kinds)), strict=True))
        positions, ticks = values.map(places).to_numpy(float), places
    ax.axvline(x, color="0.75", linewidth=0.8, zorder=0)
    for text, height in ticks.items():
        ax.text(x + 0.04, height, text, fontsize=7, va="center", bbox=_PLATE, zorder=5)
    return positions


def _numbers(values, scale):
    values = values.to_numpy(float)
    low, high = values.min(), values.max()
    if low == high:
        return np.full(len(values), 0.5), {f"{low:.3g}": 0.5}
    positions = (scale(values) - scale(low)) / (scale(high) - scale(low))
    if np.diff(np.unique(positions)).min() > 0.06:  # so that no number covers another
        return positions, {f"{v:.3g}": p for v, p in zip(values, positions, strict=True)}
    return positions, {f"{low:.3g}": 0.0, f"{high:.3g}": 1.0}


def _spread(n):
    return np.linspace(0, 1, n) if n > 1 else np.array([0.5])
