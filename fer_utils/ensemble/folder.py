"""An ensemble's, or several views', folder in the run: it looks like that of one model."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import evaluation, runs
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset
    from fer_utils.ensemble.members import Members


def write_combined(
    run_dir: Path,
    key: str,
    dataset: Dataset,
    members: Members,
    probabilities: np.ndarray,
    method: str,
) -> dict[str, Any]:
    """Write what an ensemble says as a model's folder: submissions and tables take it as one.

    Args:
        run_dir: Path of the run folder.
        key: the folder's name under it.
        dataset: the Dataset.
        members: the Members.
        probabilities: float ``(n, classes)``, of the members' rows.
        method: str, how they were combined.

    Returns:
        dict, the metrics: a fit's, with ``network`` the members, their weights, seconds and
        epochs summed. ``run.json`` keeps the first member's versions, commit and device.
    """
    told = [runs.read_json(run_dir / name / "metrics.json") for name in members.names]
    run = runs.read_run(run_dir / members.names[0])
    predictions = {
        "index": members.index,
        "split": members.split,
        "probabilities": np.asarray(probabilities, np.float32),
    }
    if run is None or None in told:
        raise FerError(f"a member in {run_dir} lacks its run.json or metrics.json: train it again")
    identity = {key: run["identity"][key] for key in ("data", "dataset", "classes", "profile")}
    identity |= {"members": list(members.names), "method": method, "seed": run["identity"]["seed"]}
    metrics = {
        "model": key,
        "network": " + ".join(members.names),
        "parameters": sum(one["parameters"] for one in told),
        "epochs": sum(one["epochs"] for one in told),
        "train_seconds": round(sum(one["train_seconds"] for one in told), 1),
        "device": run["device"],
        **evaluation.evaluate(dataset, predictions),
    }
    folder, run = run_dir / key, {**run, "identity": identity}
    if _is_there(folder, run, metrics, predictions):
        return metrics  # its time stays too, so that what depends on it is still up to date
    runs.remove(folder / "run.json")  # it vouches for files that change now
    runs.write_predictions(folder / "predictions.npz", **predictions)
    runs.write_json(folder / "metrics.json", metrics)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    runs.write_json(folder / "run.json", run | {"finished": now})
    return metrics


def _is_there(folder, run, metrics, predictions):
    """Return whether a folder has just this, written whole."""
    old = runs.read_run(folder)
    if old is None or old != run | {"finished": old.get("finished")}:
        return False
    if runs.read_json(folder / "metrics.json") != metrics:
        return False
    path = folder / "predictions.npz"
    told = runs.read_predictions(path) if path.exists() else {}
    return told.keys() >= predictions.keys() and all(
        np.array_equal(told[key], value) for key, value in predictions.items()
    )
