"""Fit a network over sequences, or restore it: the run folder is that of ``fit_or_restore``."""

import dataclasses

import numpy as np

from fer_utils import evaluation, models
from fer_utils.errors import FerError
from fer_utils.models import sequences as over_time
from fer_utils.training import fit
from fer_utils.training.examples import Examples
from fer_utils.training.start import begin_from, digest_of
from fer_utils.training.trainer import Trainer

_BATCH = 64  # sequences that are predicted at a time


def fit_sequences(
    kind, sequences, settings, recipe=None, key=None, size=None, *, network="small", start=None
):
    """Return a trained network over sequences: restored where nothing differs, else trained now.

    The ``train`` sequences are fitted, the ``valid`` ones watched after each epoch and
    predicted, see ``SequenceSet.folds``. The last epoch is kept: none is picked. An interrupted
    fit continues.

    Args:
        kind: ``mean`` or ``gru``, see ``models.sequences``.
        sequences: the SequenceSet.
        settings: the Settings; its profile caps the epochs.
        recipe: the Recipe; None for the kind's own. Its augmentation is ``none`` or ``flip``,
            which mirrors a sequence as a whole; its precision float32.
        key: folder under the run folder; None for ``sequences_`` and the kind.
        size: side in pixels that the network sees; None for the frames' own.
        network: a registered network, for the frames.
        start: ``keras.Model`` of that network, trained before, to begin with the weights of; the
            held-out persons must be new to it. None for a random start.

    Returns:
        A Fit; ``index`` of its predictions are numbers of sequences.

    Raises:
        FerError: nothing is held out, or nothing left to fit; the loss became NaN; a recipe that
            asks for more; a ``start`` of another architecture.
    """
    import keras
    import pandas as pd

    over_time.check_kind(kind)
    folder = settings.run_dir / (key or f"sequences_{kind}")
    recipe = _checked(recipe or over_time.recipe(kind), settings.profile.epochs)
    examples = SequenceExamples(sequences, recipe, settings.seed)
    keras.utils.set_random_seed(settings.seed)
    shape = sequences.frames.images.shape[1:]
    single = models.build(network, sequences.classes, shape, size or shape[:2])
    if start is not None:
        begin_from(single, start)
    model = over_time.build(kind, single)
    identity = fit._identity(models.resolve(network), sequences.peaks, settings, recipe, single) | {
        "kind": kind,
        "over_time": fit._architecture(model.get_layer("over_time")),
        "data": sequences.fingerprint,
        "start": "random" if start is None else digest_of(start),
    }
    restored = fit._restore(folder, identity)
    if restored:
        return restored

    trainer = SequenceTrainer(model, examples, recipe)
    history = trainer.run(folder / "checkpoint", identity)
    predictions = {
        "index": examples.watched_rows,
        "split": sequences.peaks.split[examples.watched_rows],
        "probabilities": predict_sequences(model, sequences.take(examples.watched_rows)),
    }
    metrics = fit._metrics(folder.name, identity, history)
    metrics |= {"parameters": model.count_params()}
    metrics |= evaluation.evaluate(sequences.peaks, predictions)
    return fit._write(fit.Fit(model, pd.DataFrame(history), metrics, predictions, folder), identity)


def predict_sequences(model, sequences):
    """Return float32 ``(n, classes)``: a network's probabilities of each sequence.

    Args:
        model: ``keras.Model`` from ``models.sequences.build``.
        sequences: the SequenceSet.
    """
    time = sequences.lengths.max()  # one length for all batches: the backend compiles once
    answers = []
    for first in range(0, len(sequences), _BATCH):
        numbers = range(first, min(first + _BATCH, len(sequences)))
        answers.append(model.predict_on_batch(_inputs(*sequences.padded(numbers, time))))
    return np.concatenate(answers)


def predict_late(model, sequences, share=0.25):
    """Return float32 ``(n, classes)``: the mean of a frame network's answers to late frames.

    Args:
        model: ``keras.Model`` from ``models.build``, for single frames.
        sequences: the SequenceSet.
        share: of each sequence's frames, from its end; one at least, so 0 is the peak alone.
    """
    answers = fit.predict(model, sequences.late(share).images)
    counts = sequences.late_counts(share)
    sums = np.add.reduceat(answers, np.cumsum(counts) - counts)
    return sums / counts[:, None].astype("float32")


class SequenceExamples(Examples):
    """What a network over sequences is shown: the Examples of the peaks, whole sequences for them.

    Args:
        sequences: the SequenceSet; its ``valid`` ones are watched.
        recipe: the Recipe.
        seed: int.

    Raises:
        FerError: nothing is held out, or nothing left to fit.
    """

    def __init__(self, sequences, recipe, seed):
        watched = sequences.peaks.rows("valid")
        super().__init__(sequences.peaks, watched, recipe, seed)
        if not len(watched) or not len(self.rows):
            raise FerError(
                f"{len(self.rows)} sequences to fit and {len(watched)} held out: part them by "
                "person first, see SequenceSet.folds"
            )
        self.sequences, self.epoch = sequences, 0
        self.time = sequences.lengths.max()  # one length for all batches: compiled once

    def order(self, epoch):
        """Return the sequences of an epoch in the order they are shown."""
        self.epoch = epoch
        return super().order(epoch)

    def watched(self):
        """Return the watched sequences and their labels, one-hot."""
        _, labels = super().watched()
        return _inputs(*self.sequences.padded(self.watched_rows, self.time)), labels

    def shown(self, rows):
        """Return sequences, targets and, where they differ, weights."""
        _, *targets = super().shown(rows)
        frames, mask = self.sequences.padded(rows, self.time)
        if self.recipe.augmentation == "flip":
            chance = np.random.default_rng([self.seed, self.epoch, 1]).random(len(self.sequences))
            mirrored = chance[rows] < 0.5
            frames[mirrored] = frames[mirrored, :, :, ::-1]
        return _inputs(frames, mask), *targets


class SequenceTrainer(Trainer):
    """A Trainer of a model with two inputs: the examples mirror, nothing stands in front of it."""

    def __init__(self, model, examples, recipe):
        import keras

        self.recipe, self.network, self.model = recipe, model, model
        self.batches, self.watched = examples.batches(), examples.watched()
        model.compile(
            optimizer=self._optimizer(),
            loss=recipe.loss,
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        )


def _inputs(frames, mask):
    return {"frames": frames, "mask": mask}


def _checked(recipe, epochs):
    """Return the recipe with its epochs capped; refuse what cannot be done with sequences."""
    if recipe.augmentation not in ("none", "flip") or recipe.precision != "float32":
        raise FerError(
            f"sequences cannot be fitted with augmentation {recipe.augmentation!r} in "
            f"{recipe.precision}: write none or flip, and float32"
        )
    epochs = recipe.epochs if epochs is None else min(recipe.epochs, epochs)
    return dataclasses.replace(recipe, epochs=epochs)
