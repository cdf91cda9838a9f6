"""The registry of transforms: plain functions by name."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import inspect
import re
from collections.abc import Callable, Sequence

import numpy as np

from fer_utils.errors import FerError


@dataclasses.dataclass(frozen=True)
class Transform:
    """What the registry knows of a transform.

    Args:
        name: its name.
        function: ``f(image)``, or ``f(image, rng)`` where it draws.
        drawn: whether it draws, so that the seed matters.
        text: what it does, where it comes from, what was put right.
    """

    name: str
    function: Callable
    drawn: bool
    text: str

    @property
    def kind(self) -> str:
        """``moves`` (pixels move), ``filters`` (values change) or ``drawn`` (anew each time)."""
        return self.function.__module__.rsplit(".", 1)[-1]


_TRANSFORMS = {}


def register(function):
    """Enter a function of one image, or of an image and a generator, under its own name."""
    return enter(function.__name__, function, inspect.getdoc(function))


def enter(name, function, text):
    """Enter a function under a name: for families that differ in a number.

    Args:
        name: what it is called.
        function: ``f(image)`` or ``f(image, rng)``.
        text: its docstring.

    Returns:
        The function.
    """
    if name in _TRANSFORMS:
        raise ValueError(f"{name} is registered twice")
    drawn = "rng" in inspect.signature(function).parameters
    _TRANSFORMS[name] = Transform(name, function, drawn, text)
    return function


def list_transforms(pattern: str = "*", kind: str | None = None) -> list[str]:
    """Return the names that match, in order, for example ``list_transforms("rotate_*")``.

    Args:
        pattern: of the names, as file names are matched.
        kind: ``moves``, ``filters`` or ``drawn``; None for all.
    """
    names = sorted(fnmatch.filter(_TRANSFORMS, pattern), key=_natural)
    return [name for name in names if kind in (None, _TRANSFORMS[name].kind)]


def _natural(name):
    """Sort 5 before 10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def describe(name: str) -> Transform:
    """Return the Transform of a name.

    Raises:
        FerError: no such name; the message suggests the nearest.
    """
    if name not in _TRANSFORMS:
        near = difflib.get_close_matches(name, _TRANSFORMS, n=1)
        hint = (
            f"did you mean {near[0]!r}?" if near else f"there are {', '.join(list_transforms())}"
        )
        raise FerError(f"no transform {name!r}: {hint}")
    return _TRANSFORMS[name]


def apply(name: str, image: np.ndarray, seed: int | Sequence[int] = 0) -> np.ndarray:
    """Return the image transformed.

    Args:
        name: of the transform.
        image: uint8 ``(height, width)`` or ``(height, width, 3)``; left as it is.
        seed: int or sequence of ints; the same seed draws the same. Without effect on
            transforms that do not draw.

    Returns:
        uint8 array of the image's shape.

    Raises:
        FerError: no such transform, or not such an image.

    Example:
        >>> apply("mirror", np.array([[1, 2, 3]], "uint8"))
        array([[3, 2, 1]], dtype=uint8)
    """
    transform = describe(name)
    image = _checked(image)
    if transform.drawn:
        return transform.function(image, np.random.default_rng(seed))
    return transform.function(image)


def _checked(image):
    """Return the image in one piece of memory, as OpenCV wants it."""
    kind, shape = getattr(image, "dtype", type(image).__name__), np.shape(image)
    known = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
    if kind != np.uint8 or not known or 0 in shape:
        raise FerError(
            f"transforms take one uint8 image (height, width) or (height, width, 3), "
            f"not {kind} {shape}"
        )
    return np.ascontiguousarray(image)
