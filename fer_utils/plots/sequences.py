"""Figures about sequences of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import colour, new_axes, new_grid
from fer_utils.plots.images import faces

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from fer_utils.datasets.sequences import SequenceSet


def filmstrips(
    sequences: SequenceSet, numbers: np.ndarray, most: int = 8, axes: np.ndarray | None = None
) -> np.ndarray:
    """Draw sequences from their first frame to their peak, a row each, evenly thinned.

    Args:
        sequences: a SequenceSet.
        numbers: int ``(m,)``, which of its sequences.
        most: int, frames a row at most.
        axes: array of axes ``(m, most)``; None for a new figure.

    Returns:
        The array of axes.
    """
    thinned = sequences.take(numbers).thinned(most)
    if axes is None:
        axes = new_grid(len(thinned), most, (most * 0.9 + 0.9, len(thinned) * 0.92))
    for line, rows in zip(axes, thinned.rows, strict=True):
        faces(sequences.frames.images[rows], axes=line)
        style = {"transform": line[0].transAxes, "ha": "right", "va": "center"}
        line[0].text(-0.12, 0.5, sequences.classes[sequences.frames.labels[rows[0]]], **style)
    return axes


def unfolding(
    scores: pd.DataFrame, errors: pd.DataFrame, chance: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw scores against the share of each sequence that has been seen.

    Args:
        scores: DataFrame, index the shares 0-1, a column a model.
        errors: DataFrame of the same shape, standard errors.
        chance: float, the score of a constant answer, drawn dashed; None for none.
        ax: matplotlib axes; None for a new figure.

    Returns:
        The axes.
    """
    ax = ax or new_axes(6.5, 3.4)
    for place, name in enumerate(scores.columns):
        # Side by side: bars at one place would hide each other.
        at = np.asarray(scores.index) + 0.006 * place
        style = {"marker": "o", "capsize": 3, "color": colour(place)}
        ax.errorbar(at, scores[name], yerr=errors[name], label=name, **style)
    if chance is not None:
        ax.axhline(chance, linestyle="--", color="grey", label="a constant answer")
    ax.set(xlabel="share of the sequence seen", ylabel="accuracy, bars: one standard error")
    ax.legend(fontsize=8)
    ax.grid(alpha=0.25)
    return ax
