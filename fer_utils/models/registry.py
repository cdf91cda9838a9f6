"""The registry: a decorator on plain functions, and what can be asked of a name."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_utils.datasets.images import shape_of
from fer_utils.errors import FerError
from fer_utils.models.recipes import Recipe

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Entry:
    """What the registry knows of a network."""

    name: str
    network: Callable[..., Any]
    source: str
    size: int | tuple[int, int]
    classes: tuple[str, ...]
    recipe: Recipe
    channels: int
    backbone: str | None


_ENTRIES = {}
_VERSIONS = {}  # v1 -> the Entry of the network its notebook settles on, with its own recipe


def register(*, source, size, classes, recipe, channels=1, backbone=None):
    """Enter a network under its function's name.

    The function takes the scaled image ``(batch, height, width, channels)``, values 0-1, and
    the number of classes, and returns the probabilities ``(batch, classes)``.

    Args:
        source: where the network comes from.
        size: side in pixels, or ``(height, width)``, that the source used.
        classes: tuple of class names that the source used.
        recipe: the Recipe that the source used.
        channels: 1 for grey, 3 for colour; a grey image then has three equal ones.
        backbone: of a network that holds one, its name in ``pretrained.SETS``; the function then
            takes ``weights`` too.
    """

    def enter(network):
        name = network.__name__
        if name in _ENTRIES:
            raise ValueError(f"{name} is registered twice")
        entry = Entry(name, network, source, size, classes, recipe, channels, backbone)
        _ENTRIES[name] = entry
        return network

    return enter


def settle(version, name, **changes):
    """Enter what the notebook of a version settles on.

    Args:
        version: ``v1`` to ``v8``.
        name: a registered network.
        **changes: in which the version's recipe differs from the network's, set by hand or
            chosen on Training alone.
    """
    if version in _VERSIONS:
        raise ValueError(f"{version} is settled twice")
    _VERSIONS[version] = dataclasses.replace(describe(name), recipe=recipe(name, **changes))


def list_models(pattern: str = "*") -> list[str]:
    """Return the registered names that match, sorted, for example ``list_models("jh*")``.

    ``v1`` to ``v8`` are not among them: each stands for one of these, see ``resolve``.
    """
    return sorted(fnmatch.filter(_ENTRIES, pattern))


def resolve(name: str | Entry) -> str:
    """Return the network's own name: ``v1`` stands for the one its notebook settles on."""
    return describe(name).name


def describe(name: str | Entry) -> Entry:
    """Return the Entry of a network: source, size, classes, recipe.

    That of ``v1`` to ``v8`` has the version's recipe, that of a network its source's. An Entry,
    of a network that is not registered, is returned as it is.

    Raises:
        FerError: no such name; the message suggests the nearest.
    """
    if isinstance(name, Entry):
        return name
    if name in _VERSIONS:
        return _VERSIONS[name]
    if name not in _ENTRIES:
        near = difflib.get_close_matches(name, [*_ENTRIES, *_VERSIONS], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise FerError(
            f"no model {name!r}: {hint}there are {', '.join([*_VERSIONS, *list_models()])}"
        )
    return _ENTRIES[name]


def recipe(name: str | Entry, **changes: Any) -> Recipe:
    """Return how a network is trained, with changes where an experiment wants them.

    Args:
        name: ``v1`` to ``v8`` for the version's recipe, a network's name for its source's.
        **changes: fields of the Recipe.

    Example:
        >>> recipe("jhamski", epochs=3).epochs
        3
    """
    return dataclasses.replace(describe(name).recipe, **changes)


def build(
    name: str | Entry,
    classes: Sequence[str] | int | None = None,
    input_shape: tuple[int, ...] | None = None,
    size: int | tuple[int, int] | None = None,
    weights: str | Path | None = None,
) -> keras.Model:
    """Build a network that takes raw images and gives probabilities.

    Resizing, conversion to grey or colour, and scaling are layers inside it, so that the saved
    file sees the numbers that training saw.

    Args:
        name: a registered name, ``v1`` to ``v8``, or an Entry that is not registered.
        classes: tuple of class names, or their number; None for the source's.
        input_shape: ``(height, width)`` or ``(height, width, channels)`` of the images that
            enter, uint8 values 0-255; None for grey images of ``size``.
        size: side in pixels, or ``(height, width)``, that the network sees; None for the
            source's.
        weights: of a network with a backbone, what that begins with: None for a random start,
            ``imagenet``, ``vggface``, the path of such a file, or that of the ``model.keras``
            of the same network trained here. Nothing is downloaded.

    Returns:
        An uncompiled ``keras.Model``: ``(batch, height, width, channels)`` 0-255 in,
        ``(batch, classes)`` out, rows that sum to 1.

    Raises:
        FerError: no such model, fewer than two classes, no size or one that is too small for
            it, other than 1 or 3 channels, or weights that are missing, damaged or of another
            network.

    Example:
        >>> model = build("jhamski", classes=7, size=48)
        >>> model.output_shape
        (None, 7)
    """
    entry = describe(name)
    classes = entry.classes if classes is None else classes
    count = classes if isinstance(classes, int) else len(classes)
    seen = shape_of(entry.size if size is None else size)
    shape = seen if input_shape is None else tuple(input_shape)
    if count < 2:
        raise FerError(f"a network tells at least two classes apart, not {count}")
    if len(shape) not in (2, 3):
        raise FerError(f"input_shape is (height, width) or with channels, not {shape}")
    if shape[2:] not in ((), (1,), (3,)):
        raise FerError(f"images have 1 or 3 channels, not {shape[2]}: convert them first")
    if weights is not None and entry.backbone is None:
        raise FerError(
            f"{entry.name} has no backbone to take weights: give fit_or_restore a network trained "
            "before as its start"
        )
    try:
        return _assemble(entry, count, (*shape, 1)[:3], seen, weights)
    except ValueError as error:
        smallest = _smallest_size(entry, count, seen)
        if smallest is None:
            raise
        raise FerError(
            f"{entry.name} cannot take {seen[0]}x{seen[1]} pixels: its smallest size is {smallest}"
        ) from error


def _assemble(entry, count, input_shape, size, weights=None):
    import keras
    from keras import layers, ops

    images = keras.Input(input_shape, name="image")
    x = images
    if input_shape[-1] > entry.channels:
        x = ops.image.rgb_to_grayscale(x)
    if input_shape[:2] != size:
        x = layers.Resizing(*size, name="resize")(x)
    x = layers.Rescaling(1 / 255, name="unit_range")(x)
    if input_shape[-1] < entry.channels:
        x = layers.Concatenate(name="colour")([x] * entry.channels)
    options = {"weights": weights} if entry.backbone else {}
    return keras.Model(images, entry.network(x, count, **options), name=entry.name)


def _smallest_size(entry, count, size):
    """Return the smallest square side the network takes, None if ``size`` is not below it."""
    import keras

    low, high = min(size), max(shape_of(entry.size))
    if low >= high:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        try:
            with keras.StatelessScope(initialize_variables=False):  # shapes only, no weights
                _assemble(entry, count, (middle, middle, 1), (middle, middle))
            high = middle
        except ValueError:
            low = middle
    return high
