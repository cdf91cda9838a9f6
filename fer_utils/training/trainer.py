"""One fit: augmentation in front of the network, batches by epoch, the log, checkpoints."""

import datetime
import time

import numpy as np

from fer_utils.backend import device
from fer_utils.errors import FerError
from fer_utils.training.checkpoints import Checkpoints
from fer_utils.training.log import log

PREDICT_BATCH = 512


class Trainer:
    """One fit: the augmentation in front of the network, the checkpoints, the log."""

    def __init__(self, network, examples, recipe, seed):
        import keras

        from fer_utils.augment import layers as augment

        self.recipe = recipe
        self.network = network
        self.batches = examples.batches()
        self.watched = examples.watched()
        # The augmentation lives in the trainer alone, so it is never in the saved network.
        self.model = augment.in_front(network, recipe.augmentation, seed)
        self.model.compile(
            optimizer=self._optimizer(),
            loss=recipe.loss,
            jit_compile=_compiled_by_xla(recipe.precision),
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
        keeper = Checkpoints(checkpoints, identity)
        history = keeper.load(self.model)
        if history:
            log(f"continues after epoch {len(history)}")
        else:
            keeper.begin()
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


def _compiled_by_xla(precision):
    """Return Keras's own choice, but for bfloat16 on a CPU: XLA has slow code for it there."""
    import keras

    slow = precision == "mixed_bfloat16" and device().startswith("CPU")
    return False if slow and keras.backend.backend() == "tensorflow" else "auto"


def _epoch_callback(trainer, keeper, history):
    """Shuffle and draw by epoch, keep the log and the checkpoint, stop on NaN."""
    import keras

    # Keras's weight files leave these out: a fit that continues would draw epoch 1 again.
    # A layer may draw several times a step, so epochs start a million draws apart.
    draws = [v for v in trainer.model.variables if v.name == "seed_generator_state"]
    seeds = [int(keras.ops.convert_to_numpy(state)[0]) for state in draws]

    class EpochEnd(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            trainer.batches.start(epoch)
            for state, seed in zip(draws, seeds, strict=True):
                state.assign(np.array([seed, epoch << 20], "uint32"))
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
            log(_epoch_line(history[-1], trainer.recipe.epochs))
            keeper.save(trainer.model, history)

    return EpochEnd()


def _epoch_line(row, epochs):
    left = (epochs - row["epoch"]) * row["seconds"]
    return (
        f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.3f}  "
        f"accuracy {row['accuracy']:.3f}  watched {row['val_accuracy']:.3f}  "
        f"{row['seconds']:.1f} s, {datetime.timedelta(seconds=round(left))} left"
    )
