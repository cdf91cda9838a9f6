"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from fer_utils import datasets, evaluation, models, runs
from fer_utils.backend import device
from fer_utils.errors import FerError
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.log import log
from fer_utils.training.trainer import PREDICT_BATCH, Trainer
from fer_utils.training.versions import provenance

_NAMES = ("name", "build_config")  # of a layer's settings: they differ from build to build


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

    model: object
    history: object
    metrics: dict
    predictions: dict
    folder: Path


def fit_or_restore(name, dataset, settings, recipe=None, key=None, size=None):
    """Return a trained network: restored where nothing differs, else trained now.

    All Training rows are fitted, and each epoch is watched on PublicTest. Where that has no
    labels, a tenth of Training is held out and watched. The last epoch is kept: none is picked.

    Args:
        name: a registered network.
        dataset: the Dataset.
        settings: the Settings; its profile caps the epochs.
        recipe: the Recipe; None for the network's own.
        key: folder under the run folder; None for the network's name.
        size: side in pixels that the network sees; None for the images' own.

    Returns:
        A Fit.

    Raises:
        FerError: the loss became NaN, or the run folder cannot be written.
    """
    import keras
    import pandas as pd

    name = models.resolve(name)
    folder = settings.run_dir / (key or name)
    recipe = recipe or models.recipe(name)
    if settings.profile.epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=min(recipe.epochs, settings.profile.epochs))
    keras.utils.set_random_seed(settings.seed)
    network = models.build(
        name, dataset.classes, dataset.images.shape[1:], size or dataset.images.shape[1:3]
    )
    identity = _identity(name, dataset, settings, recipe, network)
    restored = _restore(folder, identity)
    if restored:
        return restored

    fitted, watched = _rows(dataset, settings.seed)
    trainer = Trainer(network, dataset, fitted, watched, recipe, settings.seed)
    history = trainer.run(folder / "checkpoint", identity)
    answered = np.union1d(watched, dataset.rows("valid", "test"))
    predictions = {
        "index": answered,
        "split": dataset.split[answered],
        "probabilities": predict(network, dataset.images[answered]),
    }
    metrics = _metrics(folder.name, identity, history) | evaluation.evaluate(dataset, predictions)
    return _write(Fit(network, pd.DataFrame(history), metrics, predictions, folder), identity)


def _rows(dataset, seed):
    """Return the rows to fit and the rows to watch."""
    train, valid = dataset.rows("train"), dataset.rows("valid")
    if len(valid) and (dataset.labels[valid] >= 0).all():
        return train, valid
    return datasets.share(dataset, train, 0.1, seed)


def _identity(name, dataset, settings, recipe, network):
    """What must be equal for a trained network to be taken instead of training."""
    return {
        "model": name,
        "data": dataset.fingerprint,
        "dataset": dataset.name,
        "classes": list(dataset.classes),
        "profile": settings.profile.name,
        "seed": settings.seed,
        "parameters": network.count_params(),
        "architecture": _architecture(network),
        "recipe": dataclasses.asdict(recipe),
    }


def _architecture(network):
    """Return 8 hex digits of the layers and their settings: they tell a changed network."""
    layers = [
        (type(layer).__name__, {k: v for k, v in layer.get_config().items() if k not in _NAMES})
        for layer in network.layers
    ]
    return hashlib.blake2b(repr(layers).encode(), digest_size=4).hexdigest()


def _restore(folder, identity):
    """Return the Fit in the folder, or None after saying what differs."""
    import keras
    import pandas as pd

    run = runs.read_json(folder / "run.json")
    if run is None:
        return None
    differences = _differences(run.get("identity", {}), identity)
    if differences:
        log(f"{folder.name}: trained anew, because {differences}")
        return None
    try:
        metrics = runs.read_json(folder / "metrics.json")
        if metrics is None:
            raise FerError("metrics.json is missing or no JSON")
        fit = Fit(
            model=keras.models.load_model(folder / "model.keras", compile=False),
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


def _differences(old, new, prefix=""):
    """Return ``"epochs 20 -> 12, ..."``, empty where the two are equal."""
    found = []
    for key in sorted({*old, *new}):
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found.append(_differences(a, b, f"{key} "))
        elif a != b:
            found.append(f"{prefix}{key} {a} -> {b}")
    return ", ".join(filter(None, found))


def _metrics(key, identity, history):
    return {
        "model": key,
        "network": identity["model"],
        "parameters": identity["parameters"],
        "epochs": len(history),
        "train_seconds": round(sum(row["seconds"] for row in history), 1),
        "device": device(),
    }


def _write(fit, identity):
    """Write the run folder, ``run.json`` last: with it the fit counts as finished."""
    folder = fit.folder
    (folder / "run.json").unlink(missing_ok=True)  # it vouches for files that change now
    with runs.whole_file(folder / "model.keras") as part:
        fit.model.save(part)
    with runs.whole_file(folder / "history.csv") as part:
        fit.history.to_csv(part, index=False)
    runs.write_predictions(folder / "predictions.npz", **fit.predictions)
    runs.write_json(folder / "metrics.json", fit.metrics)
    runs.write_json(folder / "run.json", {"identity": identity, **provenance()})
    Checkpoints(folder / "checkpoint", identity).remove()
    return fit


def predict(model, images):
    """Return float32 ``(n, classes)`` probabilities of uint8 images ``(n, height, width, …)``."""
    return model.predict(images, batch_size=PREDICT_BATCH, verbose=0)
