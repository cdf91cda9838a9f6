"""Rows of boxes, float ``(k, 6)``: picture, left, top, right, bottom, score; overlap, squares."""

import numpy as np

EMPTY = np.empty((0, 6), np.float32)


def thinned(rows, limit, of_smaller=False):
    """Return the rows that no better one of the same picture overlaps by more than ``limit``.

    Args:
        rows: float ``(k, 6 or more)``.
        limit: 0-1, share of the union that two boxes may have in common.
        of_smaller: take the share of the smaller box instead, so that none lies in another.
    """
    rows = rows[np.argsort(-rows[:, 5], kind="stable")]
    kept = [_distinct(rows[rows[:, 0] == i], limit, of_smaller) for i in np.unique(rows[:, 0])]
    return np.concatenate(kept) if kept else rows


def _distinct(rows, limit, of_smaller):
    # As the published detector does: also a box that is itself dropped drops others.
    return rows[~np.triu(overlaps(rows[:, 1:5], of_smaller) > limit, 1).any(axis=0)]


def overlaps(corners, of_smaller=False):
    """Return float ``(k, k)``, the share that boxes ``(k, 4)`` (two corners) have in common."""
    first, second = corners[:, None], corners[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(
        first[..., :2], second[..., :2]
    )
    common = sides.clip(min=0).prod(axis=-1)
    area = (corners[:, 2:] - corners[:, :2]).clip(min=0).prod(axis=-1)
    rest = (
        np.minimum(*np.meshgrid(area, area)) if of_smaller else np.add.outer(area, area) - common
    )
    return common / np.maximum(rest, 1e-9)


def squared(rows):
    """Return the rows with their boxes made square: same middle, the longer side."""
    size = rows[:, 3:5] - rows[:, 1:3]
    middle, half = rows[:, 1:3] + size / 2, size.max(axis=1, keepdims=True) / 2
    return np.concatenate([rows[:, :1], middle - half, middle + half, rows[:, 5:]], axis=1)


def shifted(rows, offsets):
    """Return the rows with corners moved by ``offsets (k, 4)``, in box sides."""
    sides = rows[:, 3:5] - rows[:, 1:3] + 1
    moved = rows[:, 1:5] + offsets * np.tile(sides, 2)
    return np.concatenate([rows[:, :1], moved, rows[:, 5:]], axis=1)
