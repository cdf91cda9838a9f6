"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

import dataclasses
import datetime
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from fer_utils import datasets, evaluation, models, paths, runs
from fer_utils.errors import FerError

PREDICT_BATCH = 512


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
    trainer = _Trainer(network, dataset, fit_rows, watched_rows, recipe, settings.seed)
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
        _log(f"{folder.name}: trained anew, because {differences}")
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
        _log(f"{folder.name}: trained anew, because its files are damaged ({error})")
        return None
    _log(f"{folder.name}: restored, {len(fit.history)} epochs")
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


class _Trainer:
    """One fit: the augmentation in front of the network, the checkpoints, the log."""

    def __init__(self, network, dataset, fit_rows, watched_rows, recipe, seed):
        import keras

        from fer_utils.augment import layers as augment

        self.recipe = recipe
        self.network = network
        self.batches = _batches(dataset, fit_rows, recipe.batch, seed)
        self.watched = (
            dataset.images[watched_rows],
            _one_hot(dataset.labels[watched_rows], len(dataset.classes)),
        )
        # The augmentation lives in the trainer alone, so it is never in the saved network.
        layers = augment.preset(recipe.augmentation, seed)
        self.model = keras.Sequential([keras.Input(network.input_shape[1:]), *layers, network])
        self.model.compile(
            optimizer=self._optimizer(),
            loss=recipe.loss,
            # Named outright: "accuracy" beside a binary cross-entropy would be element-wise.
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        )

    def _optimizer(self):
        import keras

        rate = self.recipe.learning_rate
        if self.recipe.schedule == "cosine":
            steps = self.recipe.epochs * self.batches.num_batches
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        optimizer = keras.optimizers.get(self.recipe.optimizer)
        return type(optimizer).from_config({**optimizer.get_config(), "learning_rate": rate})

    def run(self, checkpoints, identity):
        """Train what is left to train; return one dict an epoch."""
        keeper = _Checkpoints(checkpoints, identity)
        history = keeper.load(self.model)
        if history:
            _log(f"continues after epoch {len(history)}")
        self.model.fit(
            self.batches,
            validation_data=self.watched,
            validation_batch_size=PREDICT_BATCH,
            initial_epoch=len(history),
            epochs=self.recipe.epochs,
            callbacks=[_epoch_callback(self, keeper, history)],
            shuffle=False,  # the batches shuffle themselves
            verbose=0,
        )
        return history


def _epoch_callback(trainer, keeper, history):
    """Shuffle by epoch, keep the log and the checkpoint, stop on NaN."""
    import keras

    class EpochEnd(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            trainer.batches.start(epoch)
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds = time.perf_counter() - self.started
            row = {key: float(value) for key, value in logs.items()}
            if not np.isfinite(row["loss"]):
                raise FerError(
                    f"the loss is {row['loss']} in epoch {epoch + 1} at learning rate "
                    f"{trainer.recipe.learning_rate:g}: lower it, for example ten times"
                )
            history.append({"epoch": epoch + 1, **row, "seconds": seconds})
            _log(_epoch_line(history[-1], trainer.recipe.epochs))
            keeper.save(trainer.model, history)

    return EpochEnd()


def _epoch_line(row, epochs):
    left = (epochs - row["epoch"]) * row["seconds"]
    return (
        f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.3f}  "
        f"accuracy {row['accuracy']:.3f}  watched {row['val_accuracy']:.3f}  "
        f"{row['seconds']:.1f} s, {datetime.timedelta(seconds=round(left))} left"
    )


def _batches(dataset, rows, batch, seed):
    """Return a PyDataset whose order follows from seed and epoch, so a fit can continue."""
    import keras

    class Batches(keras.utils.PyDataset):
        def start(self, epoch):
            self.order = np.random.default_rng([seed, epoch]).permutation(rows)

        def __len__(self):
            return -(-len(rows) // batch)

        def __getitem__(self, i):
            picked = self.order[i * batch : (i + 1) * batch]
            labels = _one_hot(dataset.labels[picked], len(dataset.classes))
            return dataset.images[picked], labels

    batches = Batches()
    batches.start(0)  # Keras looks at a few batches before the first epoch
    return batches


def _one_hot(labels, classes):
    return np.eye(classes, dtype="float32")[labels]


class _Checkpoints:
    """The state of an unfinished fit: network, optimiser and log after each epoch."""

    def __init__(self, folder, identity):
        self.folder = folder
        self.identity = identity

    def load(self, model):
        """Put the last state into the model; return its history, empty where there is none."""
        state = runs.read_json(self.folder / "state.json") or {}
        if state.get("identity") != self.identity:
            return []
        weights = self.folder / state["weights"]
        try:
            model.optimizer.build(model.trainable_variables)  # else its state is not restored
            model.load_weights(weights)
        except (OSError, ValueError) as error:
            _log(f"starts anew: {weights} is damaged ({error})")
            return []
        return state["history"]

    def save(self, model, history):
        """Write the weights first, then the file that names them: never half a state."""
        name = f"epoch{len(history)}.weights.h5"
        with runs.whole_file(self.folder / name) as part:
            model.save_weights(part)
        state = {"identity": self.identity, "weights": name, "history": history}
        runs.write_json(self.folder / "state.json", state)
        for old in self.folder.glob("*.weights.h5"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def remove(self):
        for file in self.folder.glob("*"):
            file.unlink(missing_ok=True)
        self.folder.rmdir()


def _write(folder, identity, network, dataset, history):
    """Write the run folder, ``run.json`` last: with it the fit counts as finished."""
    import pandas as pd

    frame = pd.DataFrame(history)
    rows = dataset.rows("valid", "test")
    probabilities = predict(network, dataset.images[rows])
    predictions = {"index": rows, "split": dataset.split[rows], "probabilities": probabilities}
    metrics = {
        "model": folder.name,
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
    _Checkpoints(folder / "checkpoint", identity).remove()
    return Fit(network, frame, metrics, predictions, folder)


def predict(model, images):
    """Return float32 ``(n, classes)`` probabilities of uint8 images ``(n, height, width, …)``."""
    return model.predict(images, batch_size=PREDICT_BATCH, verbose=0)


def provenance():
    """Return the versions, commit, device and time under which something was computed."""
    packages = ("fer-utils", "keras", "tensorflow", "jax", "numpy")
    return {
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "commit": _commit(),
        "device": device(),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **_installed(packages)},
    }


def _installed(packages):
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit():
    """Return the short git commit of the project, empty where there is none."""
    command = ["git", "-C", str(paths.PROJECT), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def device():
    """Return what the backend computes on, for example ``CPU x2`` or ``GPU x1``."""
    import keras

    gpus = keras.distribution.list_devices("gpu")
    return f"GPU x{len(gpus)}" if gpus else f"CPU x{os.cpu_count()}"


def _log(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
