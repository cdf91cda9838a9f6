"""Saved networks: opened without running anybody's code, and refused where they do not fit."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import reading, runs
from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras

# What of Keras runs code, or reads files that a network names.
_CODE = (
    *("__lambda__", "Lambda", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"),
    *("StringLookup", "IntegerLookup", "TextVectorization"),
)
_MODULES = (
    r"keras|keras\.(layers|models|initializers|regularizers|constraints|activations)(\..+)?"
    r"|keras\.(dtype_policies|src\.(models|layers|ops|dtype_policies|backend\.common))(\..+)?"
    r"|builtins|fer_utils(\..+)?"
)


def load(path: str | Path, classes: Sequence[str] | int | None = None) -> keras.Model:
    """Return the network in a ``.keras`` file, uncompiled.

    Args:
        path: the file. Where it lies in a run folder, the class names are those of its
            ``run.json``.
        classes: tuple of class names, or their number, that it must tell apart; None for any.

    Returns:
        ``keras.Model``: images ``(batch, height, width, 1 or 3)`` 0-255 in, probabilities out.

    Raises:
        FerError: the file is missing, damaged, wants to run code of its own, is no network from
            images to probabilities, or has other classes.

    Example:
        >>> model = load("runs/synthetic-smoke/jhamski/model.keras", labels.FER2013)
    """
    path = Path(path)
    model = opened(path)
    unfit = _unfit(model)
    if unfit:
        raise FerError(f"{path} is a Keras model, but none of ours ({unfit}): give another file")
    if classes is not None:
        _check_classes(path, model, classes)
    return model


def opened(path):
    """Return what is in a ``.keras`` file, whatever it takes and gives, uncompiled.

    Args:
        path: Path of the file.

    Raises:
        FerError: the file is missing, damaged, or wants to run code of its own.
    """
    import keras

    if not path.is_file():
        raise FerError(f"{path} is missing: run the notebook that trains this model")
    if path.suffix != ".keras":
        raise FerError(f"{path} is no .keras file: save the network with model.save in Keras 3")
    if not zipfile.is_zipfile(path):
        raise FerError(
            f"{path} is damaged or no network (a .keras file is an archive, this is none or is "
            "cut short): copy it again, or delete it and train again"
        )
    try:
        _check_config(path)
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except FerError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes Keras and h5py raise
        raise FerError(f"{path} {_refusal(str(error))}") from error


def _check_config(path):
    """Raise FerError where a network names anything but Keras's layers and ours.

    Keras has such checks too; older ones, as on Kaggle, let through what newer ones refuse.
    """
    with reading.archive(path) as opened:
        parts = [json.loads(opened.read("config.json")) | {"compile_config": None}]
    while parts:
        part = parts.pop()
        if not isinstance(part, dict):
            parts += part if isinstance(part, list) else ()
            continue
        parts += part.values()
        name, module = part.get("class_name"), part.get("module")
        if name in _CODE:
            raise FerError(f"{path} {_refusal(name)}")
        if module is not None and not re.fullmatch(_MODULES, str(module)):
            raise FerError(f"{path} {_foreign(name)}")


def _refusal(said):
    """Return what is wrong with a file that made Keras say this."""
    if any(name in said for name in (*_CODE, "unsafe")):
        return (
            f"is refused: it holds code of its own ({_layer(said)}), which would run here. "
            "Write that step as a layer and save again, or take another file"
        )
    foreign = re.search(r"Could not (?:locate|deserialize) (?:\w+ )?'([^']+)'", said)
    if foreign:
        return _foreign(foreign[1])
    return f"is damaged ({reading.brief(said)}): copy it again, or delete it and train again"


def _layer(said):
    name = next((name for name in _CODE if name in said), "Lambda")
    return f"a {name.strip('_').title() if '_' in name else name} layer"


def _foreign(name):
    return (
        f"is refused: neither Keras nor fer_utils has its {name!r}, and code from elsewhere is "
        "not looked for. Give a file that fer_utils wrote"
    )


def _unfit(model):
    """Return why the model does not take images and give probabilities, None if it does."""
    from keras import ops

    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return f"{len(model.inputs)} inputs and {len(model.outputs)} outputs, not one and one"
    shape, out = model.input_shape, model.output_shape
    if len(shape) != 4 or None in shape[1:] or shape[-1] not in (1, 3):
        return f"it takes {shape}, not (None, height, width, 1 or 3)"
    if len(out) != 2:
        return f"it gives {out}, not (None, classes)"
    rows = ops.convert_to_numpy(model(np.zeros((1, *shape[1:]), "float32"), training=False))
    if not np.isclose(rows.sum(), 1, atol=1e-3) or rows.min() < 0:
        return "what it gives does not sum to 1"
    return None


def _check_classes(path, model, classes):
    wanted = classes if isinstance(classes, int) else len(classes)
    if model.output_shape[-1] != wanted:
        raise FerError(
            f"{path} tells {model.output_shape[-1]} classes apart, not {wanted}: give the file "
            "of a network that was trained for these"
        )
    named = _trained_for(path)
    if named and not isinstance(classes, int) and list(classes) != named:
        raise FerError(
            f"{path} was trained for {', '.join(named)}, not for {', '.join(classes)}: "
            "give the file of a network that was trained for these, in this order"
        )


def _trained_for(path):
    """Return the class names that the run folder tells, None where it is none."""
    run = runs.read_run(path.parent)
    return None if run is None else run["identity"].get("classes")
