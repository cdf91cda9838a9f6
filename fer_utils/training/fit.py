"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

import contextlib
import dataclasses
import hashlib
from pathlib import Path

import numpy as np

from fer_utils import datasets, evaluation, models, runs
from fer_utils.backend import device
from fer_utils.errors import FerError
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.examples import Examples
from fer_utils.training.log import log
from fer_utils.training.start import begin_from, digest_of
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


def fit_or_restore(
    name,
    dataset,
    settings,
    recipe=None,
    key=None,
    size=None,
    *,
    rows=None,
    targets=None,
    start=None,
):
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
        rows: int ``(m,)``, the rows of ``train`` to fit, a row as often as it stands there,
            see ``balance``; None for all. Rows held out to be watched are taken out.
        targets: float32 ``(n, classes)``, a row for each of the Dataset's that sums to 1, to
            fit in place of its label, see ``ferplus.soft_labels``; None for the labels.
        start: ``keras.Model`` of the same network, trained before, to begin with the weights
            of; the last layer's too where it has as many classes. None for a random start.

    Returns:
        A Fit.

    Raises:
        FerError: the loss became NaN, the run folder cannot be written, ``rows`` that are not of
            ``train``, targets that do not fit, or a ``start`` of another architecture.
    """
    import keras
    import pandas as pd

    name = models.resolve(name)
    folder = settings.run_dir / (key or name)
    recipe = recipe or models.recipe(name)
    if settings.profile.epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=min(recipe.epochs, settings.profile.epochs))
    watched = _watched(dataset, settings.seed)
    examples = Examples(dataset, watched, recipe, settings.seed, rows, targets)
    keras.utils.set_random_seed(settings.seed)
    shapes = dataset.classes, dataset.images.shape[1:], size or dataset.images.shape[1:3]
    with _precision(recipe.precision):
        fitted = models.build(name, *shapes)
    if start is not None:
        begin_from(fitted, start)
    identity = _identity(name, dataset, settings, recipe, fitted)
    identity |= examples.identity | ({} if start is None else {"start": digest_of(start)})
    restored = _restore(folder, identity)
    if restored:
        return restored

    history = Trainer(fitted, examples, recipe, settings.seed).run(folder / "checkpoint", identity)
    network = models.build(name, *shapes)  # in float32, whatever the training's precision was
    network.set_weights(fitted.get_weights())
    answered = np.union1d(watched, dataset.rows("valid", "test"))
    predictions = {
        "index": answered,
        "split": dataset.split[answered],
        "probabilities": predict(network, dataset.images[answered]),
    }
    metrics = _metrics(folder.name, identity, history) | evaluation.evaluate(dataset, predictions)
    return _write(Fit(network, pd.DataFrame(history), metrics, predictions, folder), identity)


def _watched(dataset, seed):
    """Return the rows to watch: PublicTest, else a tenth of Training."""
    valid = dataset.rows("valid")
    if len(valid) and (dataset.labels[valid] >= 0).all():
        return valid
    return datasets.share(dataset, dataset.rows("train"), 0.1, seed)[1]


@contextlib.contextmanager
def _precision(policy):
    """Build layers under a dtype policy, then go back to the one before."""
    import keras

    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
    except ValueError as error:
        raise FerError(
            f"no precision {policy!r}: there are float32, mixed_bfloat16 and mixed_float16"
        ) from error
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


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


def predict(model, images, mirrored=False):
    """Return float32 ``(n, classes)`` probabilities of uint8 images ``(n, height, width, …)``.

    With ``mirrored``, the mean of those of the image and of its mirror image.
    """
    probabilities = model.predict(images, batch_size=PREDICT_BATCH, verbose=0)
    if not mirrored:
        return probabilities
    return (probabilities + predict(model, images[:, :, ::-1])) / 2
