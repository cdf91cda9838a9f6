"""Fit a network over sequences, or restore it: the run folder is that of ``fit_or_restore``."""

import dataclasses

import numpy as np

from fer_utils import evaluation, models
from fer_utils.errors import FerError
from fer_utils.models import sequences as networks
from fer_utils.training.examples import Examples
from fer_utils.training.folder import Fit, alone, metrics_of, restore, write
from fer_utils.training.identity import architecture_of, identity_of
from fer_utils.training.log import log_beginning
from fer_utils.training.memory import out_of_memory_said
from fer_utils.training.prediction import predict
from fer_utils.training.start import begin_from, digest_of
from fer_utils.training.trainer import Trainer

_BATCH = 64  # sequences that are predicted at a time


def fit_sequences(
    kind,
    sequences,
    settings,
    recipe=None,
    key=None,
    size=None,
    *,
    network="small",
    start=None,
    frozen=False,
):
    """Return a trained network over sequences: restored where nothing differs, else trained now.

    The ``train`` sequences are fitted; the ``valid`` ones, see ``SequenceSet.folds``, are
    watched after each epoch and predicted. The last epoch is kept: none is picked. An
    interrupted fit continues.

    Args:
        kind: ``mean``, ``gru`` or ``gru_change``, see ``models.sequences``.
        sequences: the SequenceSet.
        settings: the Settings; its profile caps the epochs.
        recipe: the Recipe; None for the kind's own. Its augmentation is ``none`` or ``flip``,
            which mirrors a sequence as a whole; its precision float32.
        key: folder under the run folder; None for ``sequences_`` and the kind.
        size: side in pixels that the network sees; None for the frames' own.
        network: a registered network, for the frames.
        start: ``keras.Model``, trained before, to begin with the weights of: that network, or
            one over sequences that this function fitted. The held-out persons must be new to
            it. None for a random start.
        frozen: fit what is over time alone; the frames' network stays as ``start`` has it, and
            so each frame passes it only once.

    Returns:
        A Fit; ``index`` of its predictions are numbers of sequences.

    Raises:
        FerError: nothing is held out, or nothing left to fit; the loss became NaN; a recipe that
            asks for more; a ``start`` of another architecture, or none though ``frozen``.
    """
    import keras

    networks.check_kind(kind)
    asked = recipe or networks.recipe(kind)
    recipe = _checked(asked, settings.profile.epochs)
    if frozen and start is None:
        raise FerError("a frozen network must have been trained: give it as start")
    keras.utils.set_random_seed(settings.seed)
    shape = sequences.frames.images.shape[1:]
    single = models.build(network, sequences.classes, shape, size or shape[:2])
    model = _begun(kind, single, start)
    folder = settings.run_dir / (key or f"sequences_{kind}")
    identity = identity_of(models.resolve(network), sequences.peaks, settings, recipe, single)
    identity |= {
        "kind": kind,
        "over_time": architecture_of(model.get_layer("over_time")),
        "parameters": model.count_params(),
        "data": sequences.fingerprint,
        "start": "random" if start is None else digest_of(start),
        "frozen": frozen,
    }
    with alone(folder):
        restored = restore(folder, identity)
        if restored:
            return restored
        fitted = f"{len(sequences.peaks.rows('train'))} sequences"
        log_beginning(folder.name, fitted, recipe, asked, settings.profile)
        return _fitted(model, sequences, recipe, folder, identity)


def _begun(kind, single, start):
    """Return the network over sequences with its first weights."""
    if start is None or len(start.inputs) == 1:
        if start is not None:
            begin_from(single, start)
        return networks.build(kind, single)
    model = networks.build(kind, single)
    for name in ("per_frame", "over_time"):
        try:
            model.get_layer(name).set_weights(start.get_layer(name).get_weights())
        except ValueError as error:
            raise FerError(
                f"cannot start {model.name} from {start.name}: {name} has other weights"
            ) from error
    return model


def _fitted(model, sequences, recipe, folder, identity):
    """Train what is to be trained, predict what was held out, write the run folder."""
    import pandas as pd

    still = model.get_layer("per_frame").layer if identity["frozen"] else None
    examples = SequenceExamples(sequences, recipe, identity["seed"], still)
    trained = model if still is None else model.get_layer("over_time")
    held_out = examples.watched_rows
    with out_of_memory_said(recipe.batch):
        history = SequenceTrainer(trained, examples, recipe, identity["seed"]).run(
            folder / "checkpoint", identity
        )
        predictions = {
            "index": held_out,
            "split": sequences.peaks.split[held_out],
            "probabilities": predict_sequences(model, sequences.take(held_out)),
        }
    metrics = metrics_of(folder.name, identity, history)
    metrics |= evaluation.evaluate(sequences.peaks, predictions)
    done = Fit(model, pd.DataFrame(history), metrics, predictions, folder)
    return write(done, identity)


def predict_sequences(model, sequences, time=None):
    """Return float32 ``(n, classes)``: a network's probabilities of each sequence.

    Args:
        model: ``keras.Model`` from ``models.sequences.build``.
        sequences: the SequenceSet.
        time: int, frames to fill up to; None for the longest. It changes no answer.
    """
    # One length for all batches: the backend compiles once.
    time = sequences.lengths.max() if time is None else time
    answers = []
    for first in range(0, len(sequences), _BATCH):
        frames, mask = sequences.padded(range(len(sequences))[first : first + _BATCH], time)
        answers.append(model.predict_on_batch({"frames": frames, "mask": mask}))
    return np.concatenate(answers)


def predict_late(model, sequences, share=0.25):
    """Return float32 ``(n, classes)``: the mean of a frame network's answers to late frames.

    Args:
        model: ``keras.Model`` from ``models.build``, for single frames.
        sequences: the SequenceSet.
        share: of each sequence's frames, from its end; one at least, so 0 is the peak alone.
    """
    answers = predict(model, sequences.late(share).images)
    counts = sequences.late_counts(share)
    sums = np.add.reduceat(answers, np.cumsum(counts) - counts)
    return sums / counts[:, None].astype("float32")


class SequenceExamples(Examples):
    """What a network over sequences is shown: the Examples of the peaks, whole sequences for them.

    Args:
        sequences: the SequenceSet; its ``valid`` ones are watched.
        recipe: the Recipe.
        seed: int.
        still: ``keras.Model`` from a frame to its features, to show those instead of frames.

    Raises:
        FerError: nothing is held out, or nothing left to fit.
    """

    def __init__(self, sequences, recipe, seed, still=None):
        fitted, watched = (sequences.peaks.rows(split) for split in ("train", "valid"))
        if not len(watched) or not len(fitted):
            raise FerError(
                f"{len(fitted)} sequences to fit and {len(watched)} held out: part them by "
                "person first, see SequenceSet.folds"
            )
        super().__init__(sequences.peaks, watched, recipe, seed)
        self.sequences = sequences
        self.time = sequences.lengths.max()  # one length for all batches: compiled once
        self.features = None if still is None else self._features(still)

    def _features(self, still):
        """Return float32 ``(2, frames, features)``, of the frames and of their mirror images."""
        used = np.unique(np.concatenate(self.sequences.rows))
        images = self.sequences.frames.images[used]
        features = np.zeros((2, len(self.sequences.frames), still.output_shape[-1]), np.float32)
        features[0, used] = predict(still, images)
        if self.recipe.augmentation == "flip":
            features[1, used] = predict(still, images[:, :, ::-1])
        return features

    def watched(self):
        """Return the watched sequences and their labels, one-hot."""
        _, labels = super().watched()
        return self._inputs(self.watched_rows, np.zeros(len(self.watched_rows), bool)), labels

    def shown(self, rows, epoch=0):
        """Return sequences, targets and, where they differ, weights in an epoch."""
        _, *targets = super().shown(rows)
        chance = np.random.default_rng([self.seed, epoch, 1]).random(len(self.sequences))
        mirrored = (chance[rows] < 0.5) & (self.recipe.augmentation == "flip")
        return self._inputs(rows, mirrored), *targets

    def _inputs(self, rows, mirrored):
        index, mask = self.sequences.padded_rows(rows, self.time)
        if self.features is not None:
            return {"features": self.features[mirrored.astype(int)[:, None], index], "mask": mask}
        frames = self.sequences.frames.images[index]
        frames[mirrored] = frames[mirrored, :, :, ::-1]
        return {"frames": frames, "mask": mask}


class SequenceTrainer(Trainer):
    """A Trainer of a model with two inputs: the examples mirror, nothing stands in front of it."""

    def _with_augmentation(self, seed):
        return self.network

    def _compiled_by_xla(self):
        """XLA takes longer to compile a loop over time than a few hundred sequences take."""
        import keras

        return keras.backend.backend() != "tensorflow"


def _checked(recipe, epochs):
    """Return the recipe with its epochs capped; refuse what cannot be done with sequences."""
    if recipe.augmentation not in ("none", "flip") or recipe.precision != "float32":
        raise FerError(
            f"sequences cannot be fitted with augmentation {recipe.augmentation!r} in "
            f"{recipe.precision}: write none or flip, and float32"
        )
    if recipe.alternate:
        raise FerError("sequences are mirrored at random: write augmentation flip, not alternate")
    if recipe.keep != "last" or recipe.patience or recipe.average or recipe.schedule == "plateau":
        raise FerError(
            "sequences are fitted for all epochs and the last is kept: leave keep, patience, "
            "average and plateau out of the recipe"
        )
    epochs = recipe.epochs if epochs is None else min(recipe.epochs, epochs)
    return dataclasses.replace(recipe, epochs=epochs)
