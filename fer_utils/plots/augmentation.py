"""Figures about changed images, and about what they change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import ACCENT, INK, new_axes, new_grid
from fer_utils.plots.images import faces
from fer_utils.plots.scores import learning_curves

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def contact_sheet(
    groups: Mapping[str, Mapping[str, np.ndarray]], columns: int = 8, width: float = 9.0
) -> Figure:
    """Draw groups of images, one below the other, each image under its name.

    Args:
        groups: dict of heading to dict of name to uint8 ``(height, width)``.
        columns: images a row.
        width: of the figure, in inches.

    Returns:
        The figure.
    """
    import matplotlib.pyplot as plt

    rows = [-(-len(images) // columns) for images in groups.values()]
    cell = width / columns
    height = sum(rows) * cell * 1.2 + len(rows) * 0.32
    figure = plt.figure(figsize=(width, height), dpi=72, layout="constrained")
    parts = figure.subfigures(len(rows), 1, height_ratios=[n * cell + 0.3 for n in rows])
    for part, count, (heading, images) in zip([*_flat(parts)], rows, groups.items(), strict=True):
        part.suptitle(heading, x=0.005, ha="left", fontsize=10, color=INK)
        axes = part.subplots(count, columns, squeeze=False)
        faces(list(images.values()), axes=axes)
        for name, ax in zip(images, axes.flat, strict=False):
            ax.set_title(_in_two(name), fontsize=8, pad=2)
    return figure


def _in_two(name, most=15):
    """Return a name as it is, or, where it is longer than ``most``, broken behind a ``_``."""
    cut = name.rfind("_", 0, most) + 1
    return name if len(name) <= most or not cut else f"{name[:cut]}\n{name[cut:]}"


def _flat(parts):
    return parts.flat if hasattr(parts, "flat") else [parts]


def draws(images: Mapping[str, np.ndarray], axes: np.ndarray | None = None) -> np.ndarray:
    """Draw a row of images for each name.

    Args:
        images: dict of name to uint8 ``(n, height, width)``, n the same for all.
        axes: array of axes ``(names, n)``; None for a new figure.

    Returns:
        The array of axes.
    """
    n = len(next(iter(images.values())))
    if axes is None:
        axes = new_grid(len(images), n, (n * 0.9 + 0.9, len(images) * 0.92))
    for line, (name, row) in zip(axes, images.items(), strict=True):
        faces(row, axes=line)
        style = {"transform": line[0].transAxes, "ha": "right", "va": "center"}
        line[0].text(-0.12, 0.5, name, **style)
    return axes


def told_and_true(
    histories: Mapping[str, pd.DataFrame], true: Mapping[str, float], ax: Axes | None = None
) -> Axes:
    """Draw what procedures told of themselves while training beside what is true.

    Args:
        histories: dict of name to DataFrame, see ``learning_curves``.
        true: dict of name to the accuracy on people nobody touched, 0-1.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = learning_curves(histories, ax=ax)
    colors = {line.get_label(): line.get_color() for line in ax.lines}
    for place, (name, accuracy) in enumerate(true.items()):
        # Dashes of one fill the gaps of the other: equal accuracies do not hide each other.
        dashes = (4 * place, (4, 4))
        label = f"{name}: unseen people"
        ax.axhline(accuracy, label=label, linestyle=dashes, color=colors[name])
    ax.set_title("solid: as reported, dotted: fitted images, dashed: people nobody touched")
    ax.title.set_fontsize(10)
    ax.set_ylim(0, 1)
    ax.legend(fontsize=7)
    return ax


def estimates(
    values: pd.Series,
    errors: pd.Series,
    highlighted: Collection[str] = (),
    xlabel: str = "accuracy",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates with their standard errors, one a line, the first on top.

    Args:
        values: Series, index the names.
        errors: Series, standard errors.
        highlighted: names to draw in the accent colour.
        xlabel: what is estimated.
        title: of the axes.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(6.5, 0.34 * len(values) + 1)
    for place, name in enumerate(values.index):
        color = ACCENT if name in highlighted else INK
        ax.errorbar(values[name], place, xerr=errors[name], fmt="o", color=color, capsize=4)
    ax.set_yticks(range(len(values)), values.index)
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.set(xlabel=f"{xlabel}, bars: one standard error", title=title)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", alpha=0.25)
    return ax
