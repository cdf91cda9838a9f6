"""What happens as an epoch begins and ends; all that is decided follows from the log."""

import datetime
import math
import time

from fer_utils.errors import FerError
from fer_utils.training.log import log
from fer_utils.training.optimizers import plateau_rate
from fer_utils.training.prediction import batch_size


def epoch_callback(trainer, keeper, curves):
    """Return the Keras callback: order and rate before an epoch, watch, log and save after it.

    Args:
        trainer: the Trainer.
        keeper: its Checkpoints.
        curves: the Curves; None for none.
    """
    import keras

    class Epochs(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            trainer.batches.start(epoch)
            trainer.draw_from(epoch)
            if trainer.recipe.schedule == "plateau":
                rate = plateau_rate(trainer.recipe, trainer.since(trainer.phase))
                self.model.optimizer.learning_rate = rate
            self.rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            row = {"epoch": epoch + 1, **{key: float(value) for key, value in logs.items()}}
            if not math.isfinite(row["loss"]):
                raise FerError(
                    f"the loss is {row['loss']} in epoch {epoch + 1} at learning rate "
                    f"{trainer.recipe.learning_rate:g}: lower it, for example ten times"
                )
            _watch(trainer, keeper, row)
            row |= {"learning_rate": self.rate, "seconds": time.perf_counter() - self.started}
            log(_epoch_line(row, trainer.recipe.epochs))
            keeper.save(trainer.model, trainer.history)
            if curves:
                curves.add(row)
            trainer.model.stop_training = stopped(trainer.recipe, trainer.since(trainer.phase))

    return Epochs()


def _watch(trainer, keeper, row):
    """Score the weights that would be kept, enter the row, and keep them if they are the best."""
    with trainer.averaged():
        model, (images, targets) = trainer.model, trainer.watched
        batch = batch_size(trainer.network)
        scores = trainer.devices.evaluate(model, images, targets, batch)
        row |= {f"val_{name}": float(value) for name, value in scores.items()}
        trainer.history.append(row)
        if trainer.recipe.keep == "best" and best_epoch(trainer.history) == row["epoch"]:
            keeper.save_best(trainer.network, row["epoch"])
            trainer.keep()


def best_epoch(history):
    """Return the epoch, from 1, with the lowest watched loss; the first of equal ones."""
    losses = [row["val_loss"] for row in history]
    losses = [loss if math.isfinite(loss) else math.inf for loss in losses]
    return history[losses.index(min(losses))]["epoch"]


def stopped(recipe, history):
    """Return whether the watched loss has not fallen for the recipe's patience."""
    if not recipe.patience or not history:
        return False
    return history[-1]["epoch"] - best_epoch(history) >= recipe.patience


def _epoch_line(row, epochs):
    left = (epochs - row["epoch"]) * row["seconds"]
    return (
        f"epoch {row['epoch']:3d}/{epochs}  loss {row['loss']:.3f}  "
        f"accuracy {row['accuracy']:.3f}  watched {row['val_accuracy']:.3f}  "
        f"{row['seconds']:.1f} s, {datetime.timedelta(seconds=round(left))} left"
    )
