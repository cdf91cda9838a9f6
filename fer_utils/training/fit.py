"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

import dataclasses
from pathlib import Path

from fer_utils import datasets, evaluation, models, runs
from fer_utils.backend import device
from fer_utils.errors import FerError
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.log import log
from fer_utils.training.provenance import provenance
from fer_utils.training.trainer import PREDICT_BATCH, Trainer


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

    All Training rows are fitted; each epoch is watched on PublicTest, or on a tenth of
    Training where PublicTest has no labels. The last epoch is kept: none is picked.

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

    name = models.resolve(name)
    folder = settings.run_dir / (key or name)
    recipe = recipe or models.recipe(name)
    if settings.profile.epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=min(recipe.epochs, settings.profile.epochs))
    size = size or dataset.images.shape[1:3]
    identity = _identity(name, dataset, settings, recipe, size)
    restored = _restore(folder, identity, dataset)
    if restored:
        return restored

    keras.utils.set_random_seed(settings.seed)
    network = models.build(name, dataset.classes, dataset.images.shape[1:], size)
    fit_rows, watched_rows = _rows(dataset, settings.seed)
    trainer = Trainer(network, dataset, fit_rows, watched_rows, recipe, settings.seed)
    history = trainer.run(folder / "checkpoint", identity)
    return _write(folder, identity, network, dataset, history)


def _rows(dataset, seed):
    """Return the rows to fit and the rows to watch."""
    train, valid = dataset.rows("train"), dataset.rows("valid")
    if len(valid) and (dataset.labels[valid] >= 0).all():
        return train, valid
    return datasets.share(dataset, train, 0.1, seed)


def _identity(name, dataset, settings, recipe, size):
    """What must be equal for a trained network to be taken instead of training."""
    return {
        "model": name,
        "data": dataset.fingerprint,
        "dataset": dataset.name,
        "classes": list(dataset.classes),
        "profile": settings.profile.name,
        "seed": settings.seed,
        "size": list(size) if isinstance(size, tuple) else [size, size],
        "recipe": dataclasses.asdict(recipe),
    }


def _restore(folder, identity, dataset):
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
        fit = Fit(
            model=keras.models.load_model(folder / "model.keras", compile=False),
            history=pd.read_csv(folder / "history.csv"),
            metrics=runs.read_json(folder / "metrics.json"),
            predictions=runs.read_predictions(folder / "predictions.npz"),
            folder=folder,
        )
    except (FerError, OSError, ValueError) as error:
        log(f"{folder.name}: trained anew, because its files are damaged ({error})")
        return None
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


def _write(folder, identity, network, dataset, history):
    """Write the run folder, ``run.json`` last: with it the fit counts as finished."""
    import pandas as pd

    frame = pd.DataFrame(history)
    rows = dataset.rows("valid", "test")
    probabilities = predict(network, dataset.images[rows])
    predictions = {"index": rows, "split": dataset.split[rows], "probabilities": probabilities}
    metrics = {
        "model": folder.name,
        "network": identity["model"],
        "parameters": network.count_params(),
        "epochs": len(frame),
        "train_seconds": round(float(frame["seconds"].sum()), 1),
        "device": device(),
        **evaluation.evaluate(dataset, predictions),
    }
    with runs.whole_file(folder / "model.keras") as part:
        network.save(part)
    with runs.whole_file(folder / "history.csv") as part:
        frame.to_csv(part, index=False)
    runs.write_predictions(folder / "predictions.npz", **predictions)
    runs.write_json(folder / "metrics.json", metrics)
    runs.write_json(folder / "run.json", {"identity": identity, **provenance()})
    Checkpoints(folder / "checkpoint", identity).remove()
    return Fit(network, frame, metrics, predictions, folder)


def predict(model, images):
    """Return float32 ``(n, classes)`` probabilities of uint8 images ``(n, height, width, …)``."""
    return model.predict(images, batch_size=PREDICT_BATCH, verbose=0)
