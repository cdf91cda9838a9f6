"""Polygons of many faces at once: arrays ``(n, points, 2)``."""

import functools

import numpy as np
from scipy.interpolate import CubicSpline

SIDES = ((-1, "R"), (1, "L"))  # the sign of x in the picture, the person's own side


def nodes(*pairs):
    """Return ``(n, k, 2)`` from k pairs ``x, y`` of numbers or arrays ``(n,)``."""
    flat = np.broadcast_arrays(*(np.atleast_1d(v) for pair in pairs for v in pair))
    return np.stack(flat, -1).reshape(len(flat[0]), -1, 2).astype(float)


def smooth(corners, points):
    """Return a smooth line of so many points through corners ``(n, k, 2)``."""
    return np.einsum("pk,nkc->npc", _spline(corners.shape[1], points), corners)


@functools.lru_cache
def _spline(corners, points):
    return CubicSpline(np.arange(corners), np.eye(corners))(np.linspace(0, corners - 1, points))


def both_halves(half):
    """Close a half outline, from crown to chin on the right, with its mirror image."""
    return np.concatenate([half, (half * [-1, 1])[:, -2:0:-1]], 1)


def between(x, upper, lower):
    """Return the polygon between two curves over the same x, ``(n, k)`` each."""
    x, upper, lower = np.broadcast_arrays(x, upper, lower)
    there, back = np.stack([x, upper], -1), np.stack([x, lower], -1)[:, ::-1]
    return np.concatenate([there, back], 1)


def strip(x, y, thick):
    """Return the polygon of a line ``(n, k)`` of a thickness, downwards from it."""
    return between(x, y, y + thick)


def ellipse(x, y, a, b):
    """Return ellipses about ``x, y`` with half axes ``a, b``."""
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    x, y, a, b = (np.atleast_1d(v)[:, None] for v in (x, y, a, b))
    return np.stack(np.broadcast_arrays(x + a * np.cos(turn), y + b * np.sin(turn)), -1)
