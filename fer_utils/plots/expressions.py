"""Figures of what was recognised in photographs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.plots.canvas import new_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fer_utils.recognizer import Expression


def expression(
    photo: np.ndarray,
    face: Expression,
    two: bool = False,
    axes: np.ndarray | Sequence[Axes] | None = None,
) -> np.ndarray | Sequence[Axes]:
    """Draw a photograph with one face marked, and how likely each expression is.

    Args:
        photo: uint8 ``(height, width)`` or ``(height, width, 3)``.
        face: ``recognizer.Expression``.
        two: write seed 001's sentence, more happy or more sad.
        axes: two axes; None for a new figure.

    Returns:
        The axes.
    """
    from fer_utils.predicting.drawing import annotated, colour_of

    if axes is None:
        axes = new_grid(1, 2, (9, 3.4))[0]
    left, right = axes
    left.imshow(annotated(photo, [face], two))
    left.set_axis_off()
    names = face.classes[::-1]
    shares = [100 * share for share in face.probabilities[::-1]]
    colours = [[value / 255 for value in colour_of(name)] for name in names]
    right.barh(names, shares, color=colours)
    right.set_xlim(0, 100)
    right.set_xlabel("probability, %")
    right.spines[["top", "right"]].set_visible(False)
    return axes
