"""What hyper-parameters are worth: trained on a part of Training, judged on another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import datasets, evaluation, models, training
from fer_utils.errors import FerError
from fer_utils.models import losses
from fer_utils.training.examples import Examples
from fer_utils.training.graphs import optimise_graphs
from fer_utils.training.memory import out_of_memory_said
from fer_utils.training.optimizers import optimizer
from fer_utils.training.precision import compiled_by_xla, precision_for_device, under_precision
from fer_utils.training.sharpness import sharpen

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset
    from fer_utils.tuning.space import Space


class Objective:
    """Trains what values of a space stand for; its value is accuracy on held-out Training rows.

    Only rows of Training are used: some are fitted, some judge every trial, and the rest judges
    what was chosen. No group (one person, identical pixels) is in two of these parts. A trial's
    value is that of its last epoch: none is picked.

    Args:
        space: the Space.
        dataset: the Dataset.
        fitted: int, about how many rows to fit, two thirds of Training at most; None for those.
        judged: int, about how many rows to judge trials on; None for half of the others.
        size: side in pixels, or ``(height, width)``, that networks see; None for the images' own.
        seed: int, of the parts and of every training.

    Raises:
        FerError: fewer groups than the parts need.
    """

    def __init__(
        self,
        space: Space,
        dataset: Dataset,
        *,
        fitted: int | None = None,
        judged: int | None = None,
        size: int | tuple[int, int] | None = None,
        seed: int = 0,
    ) -> None:
        self.space, self.seed = space, seed
        self.part = datasets.trial(dataset, fitted, seed)
        self.size = self.part.images.shape[1:3] if size is None else size
        others = self.part.rows("valid")
        share = min(judged / len(others), 0.9) if judged else 0.5
        self.fresh, self.judged = datasets.share(self.part, others, share, seed)
        self.identity = {
            **space.identity,
            "data": self.part.fingerprint,
            "judged": len(self.judged),
            "size": str(self.size),
            "training seed": seed,
        }

    @property
    def constants(self) -> np.ndarray:
        """Float ``(classes,)``: the judged accuracy of always answering the same class."""
        labels = self.part.labels[self.judged]
        return np.bincount(labels, minlength=len(self.part.classes)) / len(labels)

    def __call__(
        self, values: Mapping[str, Any], report: Callable[[int, float, float, bool], object]
    ) -> None:
        """Train, and report the accuracy on the judged rows after each epoch.

        Args:
            values: dict, one for each of the space's hyper-parameters.
            report: called with epoch, accuracy, loss and whether it is the last, after each; it
                may raise to end the training.

        Raises:
            FerError: a network that cannot be built or trained, a recipe that a trial cannot
                follow; too little memory.
        """
        self._fit(values, self.judged, self.seed, report)

    def confirm(self, values: Mapping[str, Any], seed: int) -> dict[str, float]:
        """Train once more; score it on rows that no trial was judged on, in another drawing.

        The best of many trials is flattered by the choice; this score is not.

        Args:
            values: dict as for a trial, for example ``best_values(study)``.
            seed: int, of this training.

        Returns:
            dict of ``accuracy``, ``standard_error``, ``macro_f1`` and ``n``.
        """
        network = self._fit(values, self.judged, seed, lambda *told: None)
        probabilities = training.predict(network, self.part.images[self.fresh])
        return evaluation.score(self.part.labels[self.fresh], probabilities)

    def _fit(self, values, watched, seed, report):
        """Return the trained network."""
        import keras

        keras.utils.clear_session()  # what earlier trials left
        keras.utils.set_random_seed(seed)
        entry = self.space.plan(values)
        recipe = _resolved(entry.recipe)
        images, classes = self.part.images, self.part.classes
        with out_of_memory_said(), under_precision(recipe.precision):
            network = models.build(entry, classes, images.shape[1:], self.size)
        examples = Examples(self.part, watched, recipe, seed)
        with out_of_memory_said(recipe.batch):
            _run(network, examples, recipe, seed, report)
        return network


def _resolved(recipe):
    """Return the recipe as a trial carries it out; refuse what it would not."""
    if recipe.average or recipe.keep != "last" or recipe.head_epochs or recipe.patience:
        raise FerError("a trial keeps the plain weights of its last epoch: see fit_or_restore")
    if recipe.schedule == "plateau":  # the rows it would go by are those that judge the trial
        raise FerError("a trial has no schedule 'plateau': see fit_or_restore")
    if recipe.precision == "auto":
        return dataclasses.replace(recipe, precision=precision_for_device())
    return recipe


def _compile(model, recipe, steps):
    """Compile as the Trainer does: what a trial finds must hold where it is trained again."""
    import keras

    model.compile(
        optimizer=optimizer(recipe, steps),
        loss=losses.get(recipe.loss),
        jit_compile=compiled_by_xla(recipe.precision),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    # Built now, or TensorFlow traces the training step twice: a second a network.
    model.optimizer.build(model.trainable_variables)


def _run(network, examples, recipe, seed, report):
    """Fit all epochs. A trial leaves no files: one that is killed is begun again."""
    import keras

    from fer_utils.augment import layers as augment

    batches, epochs = examples.batches(), recipe.epochs
    optimise_graphs(epochs * len(batches))
    model = augment.in_front(network, recipe.augmentation, seed, mirror=not recipe.alternate)
    sharpen(model, recipe.sharpness)
    _compile(model, recipe, epochs * len(batches))
    callback = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: batches.start(epoch),
        on_epoch_end=lambda epoch, logs: report(
            epoch + 1, float(logs["val_accuracy"]), float(logs["val_loss"]), epoch + 1 == epochs
        ),
    )
    options = {"callbacks": [callback], "shuffle": False, "verbose": 0}
    watched = {"validation_data": examples.watched(), "validation_batch_size": 512}
    model.fit(batches, epochs=epochs, **watched, **options)
