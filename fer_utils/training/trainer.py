"""One fit: augmentation in front of the network, its phases, what is kept in the end."""

import contextlib
import dataclasses
from typing import Any

import numpy as np

from fer_utils.models import losses
from fer_utils.training.averaging import averaged
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.devices import ONE
from fer_utils.training.epochs import epoch_callback, stopped
from fer_utils.training.fused import fuse
from fer_utils.training.graphs import optimise_graphs
from fer_utils.training.layers import Backbone
from fer_utils.training.log import log
from fer_utils.training.on_device import images_on_device, lookup
from fer_utils.training.optimizers import optimizer
from fer_utils.training.precision import compiled_by_xla
from fer_utils.training.sharpness import sharpen


@dataclasses.dataclass(frozen=True)
class Phase:
    """Epochs ``first`` to below ``last``, with an optimiser of their own."""

    first: int
    last: int
    frozen: bool = False


class Trainer:
    """One fit of a network.

    Args:
        network: ``keras.Model`` from ``models.build``; after ``run`` it has what is kept.
        examples: the Examples.
        recipe: the Recipe.
        seed: int, of the augmentation.
        started: whether all of the network but its head was trained before, see ``Backbone``.
        devices: the Devices that share each batch; network and Trainer are made and used in
            their scope.

    Raises:
        FerError: no such augmentation or sharpness; ``head_epochs`` without a backbone.
    """

    def __init__(self, network, examples, recipe, seed, started=False, devices=ONE):
        self.network, self.examples, self.recipe = network, examples, recipe
        self.devices = examples.devices = devices
        self.model = self._with_augmentation(seed)
        self.batches, self.watched = examples.batches(), examples.watched()
        sharpen(self.model, recipe.sharpness)
        devices.prepare(network)
        if compiled_by_xla(recipe.precision) is False:
            fuse(network)
        self.draws = _draws(self.model)
        self.backbone = Backbone(network, started) if recipe.head_epochs else None
        self.phase: Any = None
        self.history, self.kept = [], None

    def _with_augmentation(self, seed):
        """Return the model to fit: the augmentation lives in it alone, never in what is saved."""
        from fer_utils.augment import layers as augment

        options = {"mirror": not self.recipe.alternate}
        images = self.examples.dataset.images
        if images_on_device(images):
            self.examples.numbered = True
            options["source"] = lookup(images)
        return augment.in_front(self.network, self.recipe.augmentation, seed, **options)

    def run(self, folder, identity, curves=None):
        """Train what is left to train.

        Args:
            folder: Path of the checkpoints.
            identity: see ``identity.identity_of``.
            curves: the Curves to draw; None for none.

        Returns:
            list of dicts, one an epoch.
        """
        keeper = Checkpoints(folder, identity)
        optimise_graphs(self.recipe.epochs * len(self.batches))
        found = keeper.history()
        self._enter(next(x for x in self._phases(found) if len(found) <= x.last))
        self.history, self.kept = keeper.load(self.model, self.network)
        if self.history:
            log(f"continues after epoch {len(self.history)}")
        else:
            keeper.begin()
        if curves:
            curves.begin(self.history)
        while phase := self._next():
            self._enter(phase)
            self._fit(epoch_callback(self, keeper, curves))
        if self.recipe.keep == "last":
            with self.averaged():
                self.keep()
        self.network.set_weights(self.kept)
        return self.history

    def _phases(self, history):
        """Return the phases. A head that stopped early ends where the log says that it did."""
        epochs = self.recipe.epochs
        head = min(self.recipe.head_epochs, epochs - 1)  # a profile may have cut the epochs
        head = next((n for n in range(1, head) if stopped(self.recipe, history[:n])), head)
        return [*([Phase(0, head, frozen=True)] if head > 0 else []), Phase(max(head, 0), epochs)]

    def _next(self):
        """Return the phase that goes on or begins now, None where all is done."""
        for phase in self._phases(self.history):
            if len(self.history) < phase.last and not stopped(self.recipe, self.since(phase)):
                return phase
        return None

    def _enter(self, phase):
        """Freeze what the phase freezes, and start with a new optimiser."""
        import keras

        if phase == self.phase:
            return
        self.phase = phase
        if self.backbone:
            self.backbone.freeze(phase.frozen)
        self.model.compile(
            optimizer=optimizer(self.recipe, (phase.last - phase.first) * len(self.batches)),
            loss=losses.get(self.recipe.loss),
            jit_compile=self._compiled_by_xla(),
            # Named outright: "accuracy" beside a binary cross-entropy would be element-wise.
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        )
        # Keras would overwrite the weights with their mean as a phase ends: a fit that continues
        # from the checkpoint before that would begin the next phase with other weights.
        self.model.optimizer.finalize_variable_values = lambda variables: None
        self.devices.agree(self.model.optimizer)
        # Built now, or TensorFlow traces the training step twice: a second a network.
        self.model.optimizer.build(self.model.trainable_variables)

    def _compiled_by_xla(self):
        # XLA cannot compile a step that waits for other replicas.
        return False if self.devices.mirrored else compiled_by_xla(self.recipe.precision)

    def _fit(self, callback):
        self.model.fit(
            self.batches,
            initial_epoch=len(self.history),
            epochs=self.phase.last,
            callbacks=[callback],
            shuffle=False,  # the batches shuffle themselves
            verbose=0,
        )

    def since(self, phase):
        """Return the history since a phase began."""
        return self.history[phase.first :]

    def draw_from(self, epoch):
        """Put all random layers where they begin this epoch.

        Keras's weight files leave these states out: a fit that continues would draw epoch 1
        again.
        """
        for state, seed in self.draws:
            self.devices.draw_from(state, seed, epoch)

    def averaged(self):
        """Return a context in which the network has the weights that the recipe keeps."""
        if not self.recipe.average:
            return contextlib.nullcontext()
        self.draw_from(self.recipe.epochs)  # dropout draws the same wherever a fit continued
        return averaged(self.network, self.model.optimizer, self.examples.plain())

    def keep(self):
        """Take a copy of the weights that the network has now: they are what is kept."""
        self.kept = [np.array(weight) for weight in self.network.get_weights()]


def _draws(model):
    """Return pairs of a random layer's state and its seed."""
    import keras

    states = [v for v in model.variables if v.name == "seed_generator_state"]
    return [(state, int(keras.ops.convert_to_numpy(state)[0])) for state in states]
