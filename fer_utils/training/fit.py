"""Fit a registered network, or restore what an earlier run left; interrupted fits continue."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import evaluation, models
from fer_utils.errors import FerError
from fer_utils.training.curves import Curves
from fer_utils.training.devices import all_devices
from fer_utils.training.examples import Examples
from fer_utils.training.folder import Fit, alone, metrics_of, restore, write
from fer_utils.training.held_out import held_out
from fer_utils.training.identity import identity_of
from fer_utils.training.layers import BACKBONE
from fer_utils.training.log import log_beginning
from fer_utils.training.memory import out_of_memory_said
from fer_utils.training.precision import precision_for_device, under_precision
from fer_utils.training.prediction import predict
from fer_utils.training.start import begin_from, digest_of
from fer_utils.training.trainer import Trainer

if TYPE_CHECKING:
    import keras

    from fer_utils.datasets import Dataset
    from fer_utils.models import Recipe
    from fer_utils.models.registry import Entry
    from fer_utils.settings import Settings


def fit_or_restore(
    name: str | Entry,
    dataset: Dataset,
    settings: Settings,
    recipe: Recipe | None = None,
    key: str | None = None,
    size: int | tuple[int, int] | None = None,
    *,
    rows: np.ndarray | None = None,
    targets: np.ndarray | None = None,
    start: keras.Model | None = None,
    weights: str | Path | None = None,
    tensorboard: bool = False,
) -> Fit:
    """Return a trained network: restored where nothing differs, else trained now.

    All Training rows are fitted, and each epoch is watched on PublicTest. Where that has no
    labels, a tenth of Training is held out, watched and reported. The last epoch is kept: none
    is picked. A recipe that says otherwise, that stops early, or that slows down on a plateau,
    goes by another tenth, held out of what is fitted.

    All GPUs of the machine share each batch, as many as divide it, see ``training.devices``.
    What comes out is the same network: a fit that was interrupted, or has finished, is continued
    or restored on any number of them.

    One process at a time fits a folder: a second one waits, and then restores or trains.

    Args:
        name: a registered network, ``v1`` to ``v8``, or an Entry that is not registered.
        dataset: the Dataset.
        settings: the Settings; its profile caps the epochs.
        recipe: the Recipe; None for the network's own. Its precision may be ``auto``, see
            ``precision_for_device``.
        key: folder under the run folder; None for ``name``.
        size: side in pixels that the network sees; None for the images' own.
        rows: int ``(m,)``, the rows of ``train`` to fit, a row as often as it stands there,
            see ``balance``; None for all. Rows held out to be watched are taken out.
        targets: float32 ``(n, classes)``, a row for each of the Dataset's that sums to 1, to
            fit in place of its label, see ``ferplus.soft_labels``; None for the labels.
        start: ``keras.Model`` of the same network, trained before, to begin with the weights
            of; the last layer's too where it has as many classes. None for a random start.
        weights: what a network's backbone begins with, see ``models.build``.
        tensorboard: whether to write the log, as it grows, to ``<key>/tensorboard`` too.

    Returns:
        A Fit.

    Raises:
        FerError: the loss became NaN, the run folder cannot be written, memory is too small
            for the batch, ``rows`` that are not of ``train``, targets that do not fit, a
            ``start`` of another architecture, or a word in the recipe that there is not.
    """
    import keras
    import pandas as pd

    entry = models.describe(name)
    folder = settings.run_dir / (key or (name if isinstance(name, str) else entry.name))
    asked = recipe or entry.recipe
    recipe = _resolved(asked, settings.profile)
    reported, watched = held_out(dataset, recipe, settings.seed, rows)
    examples = Examples(dataset, watched, recipe, settings.seed, rows, targets, reported)
    keras.utils.set_random_seed(settings.seed)
    built = _builder(entry, dataset, size, weights)
    devices = all_devices(recipe.batch)
    with devices.scope(), out_of_memory_said(), under_precision(recipe.precision):
        fitted = built()
    if start is not None:
        begin_from(fitted, start)
    identity = identity_of(entry.name, dataset, settings, recipe, fitted)
    identity |= examples.identity | _beginning(fitted, start, weights)
    curves = Curves(folder / "tensorboard") if tensorboard else None
    with alone(folder):
        restored = restore(folder, identity)
        if restored:
            if curves:
                curves.begin(restored.history.to_dict("records"))
            return restored

        log_beginning(
            folder.name, f"{len(examples.rows):,} images", recipe, asked, settings.profile
        )
        with out_of_memory_said(recipe.batch):
            with devices.scope():
                trainer = Trainer(
                    fitted, examples, recipe, settings.seed, start is not None, devices
                )
                history = trainer.run(folder / "checkpoint", identity, curves)
            network = built()  # in float32, whatever the training's precision was
            network.set_weights(fitted.get_weights())
            answered = np.union1d(reported, dataset.rows("valid", "test"))
            predictions = _answers(network, dataset, answered)
        metrics = metrics_of(folder.name, identity, history, _start(entry, start, weights))
        metrics |= evaluation.evaluate(dataset, predictions)
        return write(Fit(network, pd.DataFrame(history), metrics, predictions, folder), identity)


def _answers(network, dataset, rows):
    """Return what a network says of these rows, as ``predictions.npz`` holds it."""
    said = predict(network, dataset.images[rows])
    return {"index": rows, "split": dataset.split[rows], "probabilities": said}


def _builder(entry, dataset, size, weights):
    """Return the function that builds the network for these images."""
    images = dataset.images.shape[1:]
    options = {} if weights is None else {"weights": weights}
    return functools.partial(
        models.build, entry, dataset.classes, images, size or images[:2], **options
    )


def _beginning(network, start, weights):
    """Return the part of the identity that tells with which weights a fit begins."""
    told = {} if start is None else {"start": digest_of(start)}
    return told if weights is None else told | {"weights": digest_of(network.get_layer(BACKBONE))}


def _start(entry, start, weights):
    """Return in words which weights a fit began with, None where nobody would expect any."""
    if start is not None:
        return f"{start.name} trained here"
    if entry.backbone:
        return "random start" if weights is None else _source(Path(weights))
    return None


def _source(path):
    """Return where weights are from, without the place on this machine."""
    return f"{path.parent.name} trained here" if path.suffix == ".keras" else path.name


def _resolved(recipe, profile):
    """Return the recipe as it is carried out here: epochs capped, precision chosen."""
    if recipe.keep not in ("last", "best"):
        raise FerError(f"no keep {recipe.keep!r}: there are last, best")
    changes = {}
    if profile.epochs is not None:
        changes["epochs"] = min(recipe.epochs, profile.epochs)
    if recipe.precision == "auto":
        changes["precision"] = precision_for_device()
    return dataclasses.replace(recipe, **changes)
