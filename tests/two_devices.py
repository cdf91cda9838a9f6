"""Fits on one and on two virtual CPU devices, in a process of their own; says what came out.

A backend counts its devices once, so ``test_training_devices`` starts this for each backend.
"""

import contextlib
import dataclasses
import io
import json
import os
import sys
from pathlib import Path

if os.environ["KERAS_BACKEND"] == "jax":
    flags = "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"
    os.environ["XLA_FLAGS"] = flags
else:
    import tensorflow as tf

    half = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [half] * 2
    )

import keras
import numpy as np
from conftest import draw_faces

from fer_utils import models, settings, training
from fer_utils.training import devices, fit, trainer
from fer_utils.training.checkpoints import Checkpoints

# Small steps: larger ones would blow rounding up into other networks within 20 of them.
RECIPE = models.Recipe("sgd", learning_rate=1e-3, batch=16, epochs=3)


def network(x, classes):
    """Batch norm and no dropout: nothing may depend on the number of devices."""
    x = models.blocks.conv_pool(x, 6, 3, normalise=True)
    return models.blocks.probabilities(keras.layers.Flatten()(x), classes)


ENTRY = dataclasses.replace(models.describe("small"), network=network)


def fitted(folder, count, dataset, **changes):
    """Return how a fit on so many devices went, as JSON knows it, and what it printed."""
    fit.all_devices = devices.all_devices if count == 2 else lambda batch: devices.ONE
    profile = settings.Profile("test", rows=None, epochs=None, side_epochs=1, side_rows=None)
    made = settings.Settings("synthetic", None, profile, folder, 0)
    recipe = dataclasses.replace(RECIPE, **changes)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        done = training.fit_or_restore(ENTRY, dataset, made, recipe, key="small")
    rows = done.history[["loss", "val_loss"]].values.tolist()
    told = {"losses": rows, "probabilities": done.predictions["probabilities"].tolist()}
    return {**told, "said": said.getvalue()}


def overflowing(folder, count, dataset):
    """Have the last replica's gradients be infinite until the loss is scaled down once."""
    plain, run, ended = keras.optimizers.LossScaleOptimizer.apply, trainer.Trainer.run, {}

    def apply(self, gradients, variables=None):
        context = tf.distribute.get_replica_context()
        last = context.replica_id_in_sync_group == context.num_replicas_in_sync - 1
        spoilt = last & (self.dynamic_scale.value >= self.initial_scale)
        gradients = [tf.where(spoilt, np.inf, gradient) for gradient in gradients]
        return plain(self, gradients, variables)

    def noted(self, *arguments):
        history, optimizer = run(self, *arguments), self.model.optimizer
        weights = [copies(weight) for weight in self.network.trainable_variables]
        ended["weights"] = [np.concatenate(own).tolist() for own in zip(*weights, strict=True)]
        ended["scales"] = [float(scale[0]) for scale in copies(optimizer.dynamic_scale)]
        ended["steps"] = int(copies(optimizer.iterations)[0][0])
        return history

    keras.optimizers.LossScaleOptimizer.apply, trainer.Trainer.run = apply, noted
    try:
        return {**fitted(folder, count, dataset, precision="mixed_float16"), "ended": ended}
    finally:
        keras.optimizers.LossScaleOptimizer.apply, trainer.Trainer.run = plain, run


def copies(variable):
    """Return what each replica has of a variable, flat."""
    return [np.ravel(own) for own in getattr(variable.value, "values", [variable.value])]


def interrupted(folder, count, dataset):
    """Press Ctrl-C after an epoch."""
    save = Checkpoints.save

    def saved(self, model, history):
        save(self, model, history)
        raise KeyboardInterrupt

    Checkpoints.save = saved
    with contextlib.suppress(KeyboardInterrupt):
        fitted(folder, count, dataset)
    Checkpoints.save = save


def main(folder):
    """Write ``{case: [on one device, on two]}``."""
    out = {"devices": devices.all_devices(RECIPE.batch).count}
    even, uneven = draw_faces(140, side=24), draw_faces(151, side=24)  # 112 and 121 to fit
    out["even"] = [fitted(folder / f"even{n}", n, even) for n in (1, 2)]
    out["restored"] = [fitted(folder / f"even{3 - n}", n, even) for n in (1, 2)]
    interrupted(folder / "parts", 1, even)
    interrupted(folder / "parts", 2, even)
    out["parts"] = fitted(folder / "parts", 1, even)
    if keras.backend.backend() == "tensorflow":
        # With other exchanges between the devices than the fits before had.
        out["overflow"] = [overflowing(folder / f"overflow{n}", n, even) for n in (1, 2)]
    trainer.images_on_device = lambda images: True
    hard = {"sharpness": 0.05, "alternate": True, "augmentation": "flip", "epochs": 1}
    if keras.backend.backend() == "tensorflow":  # jax has one program for all devices anyway
        hard["average"] = 0.9
    out["uneven"] = [fitted(folder / f"uneven{n}", n, uneven, **hard) for n in (1, 2)]
    sys.stdout.write(json.dumps(out) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
