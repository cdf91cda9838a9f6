"""Files that appear whole or not at all, and the run folder that notebooks exchange."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import reading
from fer_utils.errors import FerError
from fer_utils.runs.writing import (
    PART,
    alive,
    check_place,
    folder_beside,
    remove,
    whole_file,
    whole_folder,
    write_json,
    write_text,
    writing_error,
)

__all__ = [
    "PART",
    "alive",
    "check_place",
    "folder_beside",
    "read_json",
    "read_predictions",
    "read_run",
    "remove",
    "whole_file",
    "whole_folder",
    "write_json",
    "write_predictions",
    "write_text",
    "writing_error",
]

# Of predictions: the dtype's kind (NumPy's letter) and how many dimensions.
_ARRAYS = {"index": ("i", 1), "split": ("U", 1), "probabilities": ("f", 2), "fold": ("i", 1)}


def read_json(path: str | Path, kind: type = dict) -> Any:
    """Return what a JSON file holds, or None where it is missing, damaged, or of another kind."""
    try:
        held = json.loads(reading.text(path, "write it again"))
    except (FerError, ValueError, RecursionError):  # the last: brackets without end
        return None
    return held if isinstance(held, kind) else None


def read_run(folder: str | Path) -> Any:
    """Return ``run.json`` of a network's folder, or None where it is missing or damaged.

    Its ``identity`` is a dict, with what ``classes`` and ``recipe`` should be where it has them.
    """
    run = read_json(Path(folder) / "run.json")
    identity = {} if run is None else run.setdefault("identity", {})
    if not isinstance(identity, dict) or not isinstance(identity.get("recipe", {}), dict):
        return None
    classes = identity.get("classes", [])
    named = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    return run if named else None


def write_predictions(
    path: str | Path,
    index: np.ndarray,
    split: np.ndarray,
    probabilities: np.ndarray,
    fold: np.ndarray | None = None,
) -> None:
    """Write ``predictions.npz``, the form in which models meet the ensemble.

    Args:
        path: the file to write.
        index: int ``(n,)``, rows of the Dataset.
        split: str ``(n,)``, their splits.
        probabilities: float ``(n, classes)``, rows sum to 1.
        fold: int ``(n,)`` where the predictions are out of fold.
    """
    arrays: dict[str, Any] = {
        "index": np.asarray(index, np.int64),
        "split": np.asarray(split, str),
        "probabilities": np.asarray(probabilities, np.float32),
    }
    if fold is not None:
        arrays["fold"] = np.asarray(fold, np.int64)
    with whole_file(path) as part:
        np.savez_compressed(part, **arrays)


def read_predictions(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays of ``predictions.npz`` as a dict.

    Raises:
        FerError: the file is missing, damaged, holds pickles, or its arrays do not fit.
    """
    if not Path(path).exists():
        raise FerError(f"{path} is missing: run the notebook that trains this model")
    remedy = "delete it and train again"
    arrays = reading.arrays(path, "a predictions file", remedy)
    for name, (kind, _) in _ARRAYS.items():
        if name != "fold" and name not in arrays:
            raise FerError(f"{path} is not a predictions file (it has no {name}): {remedy}")
        if name in arrays and arrays[name].dtype.kind != kind:
            raise FerError(f"{path}: its {name} is {arrays[name].dtype}: {remedy}")
    types = {"index": np.int64, "fold": np.int64, "probabilities": np.float32, "split": str}
    known = {name: arrays[name].astype(types[name]) for name in _ARRAYS if name in arrays}
    n = known["index"].size
    if any(a.ndim != _ARRAYS[name][1] or len(a) != n for name, a in known.items()):
        raise FerError(f"{path}: its arrays have different lengths: {remedy}")
    if not set(np.unique(known["split"])) <= {"train", "valid", "test"}:
        raise FerError(f"{path}: its split names others than train, valid and test: {remedy}")
    return known
