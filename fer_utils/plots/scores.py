"""Figures about what networks learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fer_utils.plots.canvas import COLOURS, colour, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def learning_curves(
    histories: Mapping[str, pd.DataFrame], column: str = "accuracy", ax: Axes | None = None
) -> Axes:
    """Draw one column of several training histories, fitted rows thin, watched rows thick.

    Args:
        histories: dict of name to DataFrame with ``epoch``, ``column`` and ``val_column``.
        column: ``accuracy`` or ``loss``.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(6.5, 3.4)
    for place, (name, history) in enumerate(histories.items()):
        epoch, style = history["epoch"], {"color": colour(place)}
        ax.plot(epoch, history[f"val_{column}"], linewidth=2, label=name, **style)
        ax.plot(epoch, history[column], linewidth=1, linestyle=":", **style)
    ax.set(xlabel="epoch", ylabel=column, title="solid: watched images, dotted: fitted images")
    ax.locator_params(axis="x", integer=True)
    ax.legend(fontsize=8)
    ax.grid(alpha=0.25)
    return ax


def predicted_shares(shares: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw which classes models answer with, one stacked bar a model.

    Args:
        shares: DataFrame, a row a model, a column a class, rows sum to 1.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(7, 0.45 * len(shares) + 1.2)
    shares.iloc[::-1].plot.barh(stacked=True, ax=ax, width=0.75, color=COLOURS)
    ax.set(xlabel="share of the images", xlim=(0, 1), ylabel="")
    ax.legend(fontsize=8, ncols=len(shares.columns), loc="lower center", bbox_to_anchor=(0.5, 1))
    return ax


def per_class(scores: pd.Series | pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a number for each class as horizontal bars, the largest of the first model on top.

    Args:
        scores: Series, index the class names, values 0-1; or a DataFrame, a column a model.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    import pandas as pd

    scores = pd.DataFrame(scores)
    scores = scores.sort_values(scores.columns[0])
    several = scores.shape[1] > 1
    ax = ax or new_axes(5, (0.16 * scores.shape[1] + 0.24) * len(scores))
    colours = [colour(place) for place in range(scores.shape[1])]
    # The first model above the others, in the legend too.
    scores.iloc[:, ::-1].plot.barh(ax=ax, width=0.8, color=colours[::-1], legend=False)
    size = 7 if several else 8
    for bars in ax.containers:  # which may be of other kinds elsewhere, so their type says
        ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=size)  # type: ignore[arg-type]
    if several:
        ax.legend(reverse=True, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(xlim=(0, 1.08), title=title, ylabel="")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def trade_off(
    table: pd.DataFrame, x: Sequence[str], y: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw two scores against each other, a point with error bars for each row of a table.

    Args:
        table: DataFrame, a row a model; the columns named by ``x`` and ``y``.
        x: names of two columns, a score and its standard error.
        y: likewise.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(7.5, 4)
    marks = "osD^v<>Pph*dX"
    for i, (name, row) in enumerate(table.iterrows()):
        ax.errorbar(  # hollow marks: of two at one place both are seen
            row[x[0]], row[y[0]], xerr=row[x[1]], yerr=row[y[1]], label=name,
            fmt=marks[i % len(marks)], color=colour(i), elinewidth=0.8, fillstyle="none",
            markersize=8,
        )  # fmt: skip
    ax.set(xlabel=x[0].replace("_", " "), ylabel=y[0].replace("_", " "))
    ax.set_title("bars: one standard error")
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.grid(alpha=0.25)
    return ax
