"""A finished fit and its folder: ``run.json`` is written last and vouches for the rest."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import locks, runs
from fer_utils.backend import device
from fer_utils.errors import FerError
from fer_utils.models.loading import opened
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.identity import differences
from fer_utils.training.log import log
from fer_utils.training.versions import provenance

if TYPE_CHECKING:
    import keras
    import pandas as pd

_FILES = ("model.keras", "history.csv", "predictions.npz", "metrics.json", "run.json")


@dataclasses.dataclass(frozen=True)
class Fit:
    """A trained network and what its training left in the run folder.

    Args:
        model: the ``keras.Model``, raw images in, probabilities out.
        history: DataFrame, one row an epoch.
        metrics: flat dict of scores, see ``evaluation.evaluate``.
        predictions: dict of ``index``, ``split`` and ``probabilities``.
        folder: where the files are.
    """

    model: keras.Model
    history: pd.DataFrame
    metrics: dict[str, Any]
    predictions: dict[str, np.ndarray]
    folder: Path


def alone(folder):
    """Return a context of which one process at a time is in; a second one says so, and waits."""
    return locks.alone(folder, lambda: log(f"{folder.name}: waits, as another process fits it"))


def restore(folder, identity):
    """Return the Fit in the folder, or None after saying what differs."""
    import pandas as pd

    run = runs.read_run(folder)
    if run is None:
        return None
    different = differences(run["identity"], identity)
    if different:
        log(f"{folder.name}: trained anew, because {different}")
        return None
    try:
        metrics = runs.read_json(folder / "metrics.json")
        if metrics is None:
            raise FerError("metrics.json is missing or no JSON")
        fit = Fit(
            model=opened(folder / "model.keras"),
            history=pd.read_csv(folder / "history.csv"),
            metrics=metrics,
            predictions=runs.read_predictions(folder / "predictions.npz"),
            folder=folder,
        )
    except Exception as error:  # whatever a damaged file makes Keras and pandas raise
        log(f"{folder.name}: trained anew, because its files are damaged ({error})")
        return None
    Checkpoints(folder / "checkpoint", identity).remove()  # of a fit killed at its very end
    log(f"{folder.name}: restored, {len(fit.history)} epochs")
    return fit


def write(fit, identity):
    """Write the run folder, ``run.json`` last: with it the fit counts as finished.

    A finished fit of another recipe or other data is not lost: the last such one is kept under
    ``replaced``, beside the folder.
    """
    folder = fit.folder
    _set_aside(folder, identity)
    runs.remove(folder / "run.json")  # it vouches for files that change now
    with runs.whole_file(folder / "model.keras") as part:
        fit.model.save(part)
    with runs.whole_file(folder / "history.csv") as part:
        fit.history.to_csv(part, index=False)
    runs.write_predictions(folder / "predictions.npz", **fit.predictions)
    runs.write_json(folder / "metrics.json", fit.metrics)
    runs.write_json(folder / "run.json", {"identity": identity, **provenance()})
    Checkpoints(folder / "checkpoint", identity).remove()
    return fit


def _set_aside(folder, identity):
    run = runs.read_run(folder)
    if run is None or not differences(run["identity"], identity):
        return
    kept = folder.parent / "replaced" / folder.name
    try:
        kept.mkdir(parents=True, exist_ok=True)
        for name in _FILES:  # run.json last: a kill in between leaves both where they are found
            if (folder / name).exists():
                os.replace(folder / name, kept / name)
    except OSError as error:
        raise runs.writing_error(kept, error) from error
    log(f"{folder.name}: the one before is kept in replaced/{folder.name}")


def metrics_of(key, identity, history, start=None):
    """Return what a fit's metrics begin with; its scores come behind.

    Args:
        key: str, the folder's name.
        identity: see ``identity.identity_of``.
        history: list of dicts, one an epoch.
        start: str, which weights the fit began with; None where that says itself.
    """
    return {
        "model": key,
        "network": identity["model"],
        "parameters": identity["parameters"],
        "epochs": len(history),
        "train_seconds": round(sum(row["seconds"] for row in history), 1),
        "device": device(),
        **({"start": start} if start else {}),
    }
