"""What a network is shown: which rows, in which order, with which targets and weights."""

import hashlib

import numpy as np

from fer_utils import balance
from fer_utils.balance.rows import checked
from fer_utils.errors import FerError
from fer_utils.training.devices import ONE
from fer_utils.training.on_device import numbers

_PLAIN = 2048  # images from which batch-norm statistics are estimated
_POWERS = {"root": 0.5, "balanced": 1.0}  # of a class's size that its weight is divided by


class Examples:
    """The rows to fit and to watch, their targets, and the batches of each epoch.

    Args:
        dataset: the Dataset.
        watched: int ``(w,)``, rows to watch; they are not fitted.
        recipe: the Recipe: batch, sampling, class weights, label smoothing, alternate mirroring.
        seed: int.
        rows: int ``(m,)``, labelled rows of ``train`` to fit; None for all of them.
        targets: float32 ``(n, classes)``; None for the labels.
        reported: int ``(r,)``, further rows that are not fitted.

    Attributes:
        numbered: whether ``on_device.numbers`` are given in place of images; False at first.
        devices: the Devices that share each batch; one at first.

    Raises:
        FerError: rows or targets that do not fit the Dataset; no such sampling or weights.
    """

    def __init__(self, dataset, watched, recipe, seed, rows=None, targets=None, reported=()):
        self.dataset, self.watched_rows, self.recipe, self.seed = dataset, watched, recipe, seed
        train = dataset.rows("train")
        given = checked(dataset, train[dataset.labels[train] >= 0] if rows is None else rows)
        self.rows = given[~np.isin(given, [*watched, *reported])]
        self.numbered, self.devices = False, ONE
        self.identity = {}
        if rows is not None:
            self.identity["rows"] = _digest(given)
        if targets is not None:
            targets = _checked_targets(dataset, targets, self.rows)
            self.identity["targets"] = _digest(targets)
        self.targets = _one_hot(dataset) if targets is None else targets
        self.weights = self._weights()

    def _weights(self):
        """Return float32 ``(n,)``, or None where all rows weigh the same."""
        kind = self.recipe.class_weights
        if kind == "none":
            return None
        if kind not in _POWERS:
            raise FerError(f"no class_weights {kind!r}: there are none, {', '.join(_POWERS)}")
        labels, classes = self.dataset.labels, self.dataset.classes
        weights = balance.class_weights(labels[self.rows], classes, _POWERS[kind])
        return balance.sample_weights(labels, weights)

    def order(self, epoch):
        """Return the rows of an epoch in the order they are shown: it follows from the seed."""
        if self.recipe.sampling == "shuffled":
            return np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        if self.recipe.sampling != "balanced":
            raise FerError(f"no sampling {self.recipe.sampling!r}: there are shuffled, balanced")
        batch, draw = self.recipe.batch, [self.seed, epoch]
        return balance.balanced_batches(self.dataset, self.rows, batch, draw).reshape(-1)

    def watched(self):
        """Return the watched images and their labels, one-hot."""
        rows = self.watched_rows
        return self._images(rows, np.zeros(len(rows), bool)), _one_hot(self.dataset)[rows]

    def plain(self):
        """Yield uint8 images to fit, without augmentation: full batches.

        A quarter of the rows, some 2,000 at most: it is done after each epoch.
        """
        size, rows = self.recipe.batch, self.order(0)
        for end in range(size, max(min(len(rows) // 4, _PLAIN), size) + 1, size):
            yield self.dataset.images[rows[end - size : end]]

    def batches(self):
        """Return a PyDataset; ``start(epoch)`` puts it in that epoch's order."""
        import keras

        examples, batch = self, self.recipe.batch

        class Batches(keras.utils.PyDataset):
            def start(self, epoch):
                self.epoch, self.order = epoch, examples.order(epoch)

            def __len__(self):
                return -(-len(self.order) // batch)

            def __getitem__(self, i):
                rows = self.order[i * batch : (i + 1) * batch]
                return examples.shown(examples.devices.even(rows), self.epoch)

        batches = Batches()
        batches.start(0)  # Keras looks at a few batches before the first epoch
        return batches

    def shown(self, rows, epoch=0):
        """Return images, targets and, where they differ, weights of some rows in an epoch."""
        smooth = self.recipe.label_smoothing
        targets = self.targets[rows] * np.float32(1 - smooth)
        targets += np.float32(smooth / targets.shape[1])
        alternate = self.recipe.alternate
        turned = self.mirrored(rows, epoch) if alternate else np.zeros(len(rows), bool)
        images = self._images(rows, turned)
        return (images, targets) if self.weights is None else (images, targets, self.weights[rows])

    def _images(self, rows, mirrored):
        if self.numbered:
            return numbers(rows, mirrored)
        images = self.dataset.images[rows]
        images[mirrored] = images[mirrored][:, :, ::-1]
        return images

    def mirrored(self, rows, epoch):
        """Return bool ``(m,)``: which rows an epoch mirrors where a recipe alternates.

        It follows from the seed, the row and whether the epoch is odd: a row that comes several
        times in an epoch looks the same each time, and a fit that continues goes on with it.
        """
        first = np.random.default_rng([self.seed, 0, 2]).random(len(self.dataset)) < 0.5
        return first[rows] ^ (epoch % 2 == 1)


def repeated(rows: np.ndarray, shown: int, seed: int = 0, most: int = 8) -> tuple[np.ndarray, int]:
    """Return rows and epochs that show so many images, however many rows there are.

    Trainings of different rows are then compared after as many optimiser steps.

    Args:
        rows: int ``(m,)``, rows to fit.
        shown: int, images to show in all epochs together.
        seed: int, of the choice of those that come once more.
        most: int, epochs at most.

    Returns:
        ``(rows, epochs)``: int64 rows, each equally often, give or take one, and int. Where
        there are more rows than ``shown``, some do not come.
    """
    epochs = max(1, min(most, shown // len(rows)))
    return balance.repeat_to(rows, shown // epochs, seed), epochs


def _checked_targets(dataset, targets, rows):
    targets = np.asarray(targets, np.float32)
    wanted = len(dataset), len(dataset.classes)
    if targets.shape != wanted:
        raise FerError(f"targets have shape {targets.shape}, the data need {wanted}")
    off = rows[~np.isclose(targets[rows].sum(axis=1), 1, atol=1e-3)]
    if len(off):
        raise FerError(f"the targets of row {off[0]} do not sum to 1: leave it out of the rows")
    return targets


def _one_hot(dataset):
    return np.eye(len(dataset.classes), dtype="float32")[dataset.labels]


def _digest(array):
    return hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=8).hexdigest()
