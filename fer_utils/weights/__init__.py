"""Trained networks that come with the package, in float16, each beside its card."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import models, reading, runs
from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras

_HERE = Path(__file__).parent
_ABOUT = "about"


def list_pretrained(folder: str | Path | None = None) -> list[str]:
    """Return the names that ``load_pretrained`` knows, sorted."""
    return sorted(path.stem for path in Path(folder or _HERE).glob("*.npz"))


def load_pretrained(name: str = "small", folder: str | Path | None = None) -> keras.Model:
    """Return a network that was trained on FER2013; nothing is downloaded.

    Args:
        name: one of ``list_pretrained()``; its card, ``NAME.md``, says how good it is, on what
            it was trained, and what it must not be used for.
        folder: where the files are; None for the package's own.

    Returns:
        ``keras.Model``: grey images ``(batch, height, width, 1)`` 0-255 in, probabilities of
        ``about(name)["classes"]`` out.

    Raises:
        FerError: no such name; a damaged file; weights that this version's network cannot take.
    """
    told, weights = _read(name, folder)
    network = models.build(told["network"], told["classes"], told["input"], told["size"])
    shapes = [tuple(weight.shape) for weight in network.weights]
    if shapes != [weight.shape for weight in weights]:
        raise FerError(
            f"{name}.npz has the weights of another '{told['network']}' than this version "
            "builds: install the package again, so that both are of one version"
        )
    network.set_weights([weight.astype("float32") for weight in weights])
    return network


def about(name: str = "small", folder: str | Path | None = None) -> dict[str, Any]:
    """Return what is known of a network: dict with ``network``, ``classes``, ``scores``, ...

    Raises:
        FerError: no such name, or a damaged file.
    """
    return _read(name, folder)[0]


def save_pretrained(
    name: str, network: keras.Model, told: Mapping[str, Any], folder: str | Path | None = None
) -> Path:
    """Write ``NAME.npz``: the weights in float16, and what is told of them.

    Args:
        name: str.
        network: ``keras.Model`` from ``models.build``.
        told: dict for JSON, at least ``network`` (its registered name), ``classes``, ``input``
            and ``size``, which ``models.build`` takes, and ``scores``.
        folder: where it goes; None for the package's own.

    Returns:
        Path of the file.

    Raises:
        FerError: a weight that float16 cannot hold; the file cannot be written.
    """
    weights = [np.asarray(weight) for weight in network.get_weights()]
    with np.errstate(over="ignore"):
        halves = [weight.astype("float16") for weight in weights]
    if not all(np.isfinite(half).all() for half in halves):
        raise FerError(f"{name}: a weight is NaN, or more than float16 holds: train it again")
    arrays: dict[str, Any] = {f"{i:03d}": half for i, half in enumerate(halves)}
    arrays[_ABOUT] = np.array(json.dumps(told))
    path = Path(folder or _HERE) / f"{name}.npz"
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    with runs.whole_file(path) as part:
        part.write_bytes(content.getvalue())
    return path


def _read(name, folder):
    path = Path(folder or _HERE) / f"{name}.npz"
    if not path.is_file():
        there = ", ".join(list_pretrained(folder)) or "none"
        raise FerError(f"no pretrained network {name!r}: there are {there}")
    arrays = reading.arrays(path, "a network's file", "install the package again")
    weights = [arrays[key] for key in sorted(set(arrays) - {_ABOUT})]
    try:
        told = json.loads(str(arrays[_ABOUT]))
        told["classes"], told["input"] = tuple(told["classes"]), tuple(told["input"])
        if not isinstance(told["network"], str) or not _are_sides(told["input"], told["size"]):
            raise ValueError("its network has no name, or no size")
        return told, weights
    except (TypeError, KeyError, ValueError, RecursionError) as error:
        raise FerError(
            f"{path} is damaged ({reading.brief(error)}): install the package again"
        ) from error


def _are_sides(*sizes):
    sides = np.concatenate([np.atleast_1d(size) for size in sizes])
    return sides.dtype.kind == "i" and sides.min() > 0 and sides.max() < 1024
