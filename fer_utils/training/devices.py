"""All devices of one machine share each batch. Backends are named outright here.

jax compiles one program over all of them (``keras.distribution.DataParallel``); TensorFlow runs
the step on each and adds the gradients up (``tf.distribute.MirroredStrategy``). A machine with
one device is left to Keras as it is.
"""

import contextlib
import dataclasses
import functools
import math

import numpy as np

from fer_utils.training.layers import all_layers

_APART = 1_000_003  # between the seeds of two replicas


@dataclasses.dataclass(frozen=True)
class Devices:
    """The devices that share each batch of a fit.

    Args:
        count: int, how many.
        scope: function that returns the context to build and train the network in.
        mirrored: whether each device runs the step on its own, as TensorFlow's do.
    """

    count: int = 1
    scope: object = contextlib.nullcontext
    mirrored: bool = False

    def even(self, rows):
        """Return rows that can be dealt out evenly: where they cannot, all of them repeated.

        A step over rows that all come equally often is the step over the rows themselves: loss,
        gradients and batch-norm statistics are means. Only an epoch's last batch is concerned;
        in the mean that the log shows it weighs as often as it is repeated.

        Args:
            rows: int ``(m,)``.

        Returns:
            int ``(m * k,)`` with the smallest ``k`` that fits, 1 on one device.
        """
        return np.tile(rows, self.count // math.gcd(len(rows), self.count))

    def evaluate(self, model, images, targets, batch):
        """Return ``model.evaluate`` as a dict, over any number of images.

        On several devices those that do not divide evenly are scored on their own, each as
        often as there are devices: a mean is the same.

        Args:
            model: the compiled ``keras.Model``.
            images: ``(n, …)``.
            targets: float32 ``(n, classes)``.
            batch: int, images a step.
        """
        options = {"verbose": 0, "return_dict": True}
        n, batch = len(targets), max(self.count, batch // self.count * self.count)
        left = n % self.count
        if not left:
            return model.evaluate(images, targets, batch_size=batch, **options)
        scores = [(left, np.tile(np.arange(n - left, n), self.count))]
        scores += [(n - left, np.arange(n - left))] if n > left else []
        told = [
            (m, model.evaluate(images[rows], targets[rows], batch_size=batch, **options))
            for m, rows in scores
        ]
        return {key: sum(m * said[key] for m, said in told) / n for key in told[0][1]}

    def prepare(self, network):
        """Have a network take its batch-norm statistics over all devices; jax does so anyway.

        Args:
            network: ``keras.Model``, changed in place; not to be saved.
        """
        import keras

        if self.mirrored:
            for layer in all_layers(network):
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True

    def agree(self, optimizer):
        """Have all devices leave a step out where one's gradients overflow, as in float16.

        Keras asks the first one's alone, as if they had been added up: another's would reach the
        weights. What is asked of the optimiser changes, nothing that is saved of it.

        Args:
            optimizer: the Keras optimiser of a compiled model, changed in place.
        """
        if self.mirrored and hasattr(optimizer, "check_finite"):
            optimizer.check_finite = functools.partial(_finite, optimizer.check_finite)

    def draw_from(self, state, seed, epoch):
        """Put a random layer where it begins an epoch; each replica draws its own numbers.

        Args:
            state: the layer's ``keras.Variable``, seed and count.
            seed: int.
            epoch: int. A layer may draw several times a step, so they start a million apart.
        """
        state.assign(np.array([seed, epoch << 20], "uint32"))
        # TensorFlow gives all replicas the same state: two images would always move alike.
        replicas = state.value.values[1:] if self.mirrored else ()
        for i, own in enumerate(replicas, start=1):
            own.assign(
                np.array([(seed + i * _APART) % 2**31, epoch << 20], own.dtype.as_numpy_dtype)
            )


ONE = Devices()


def all_devices(batch):
    """Return the Devices that share each batch: as many as divide it evenly.

    All GPUs, where there are any; else the CPU, which is one device unless a test parts it.

    Args:
        batch: int, images a step, on all devices together.
    """
    import keras

    names = keras.distribution.list_devices()
    count = next(n for n in range(min(len(names), batch), 0, -1) if batch % n == 0)
    if count == 1:
        return ONE
    if keras.backend.backend() == "tensorflow":
        if not hasattr(keras.optimizers.LossScaleOptimizer, "check_finite"):
            return ONE  # a Keras whose devices could not agree, see ``agree``
        return Devices(count, _mirrored(tuple(names[:count])).scope, mirrored=True)
    return Devices(count, keras.distribution.DataParallel(devices=names[:count]).scope)


@functools.cache
def _mirrored(names):
    # Once a process: each strategy counts its exchanges from 100, and TensorFlow takes those of a
    # second for the first one's, which fails as soon as another network has other shapes.
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(names)


def _finite(own, gradients):
    """Return whether the gradients are finite on all replicas; ``own`` tells it of one's."""
    import tensorflow as tf

    (overflown,) = summed([tf.cast(tf.logical_not(own(gradients)), tf.float32)])
    return tf.equal(overflown, 0)


def summed(gradients):
    """Return gradients of TensorFlow's added up over all replicas, inside a training step."""
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return gradients
    return context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)


def unshared(loss):
    """Return a loss as it is: TensorFlow's Keras gives each replica its share of the sum."""
    import tensorflow as tf

    count = tf.distribute.get_strategy().num_replicas_in_sync
    return loss if count == 1 else loss * count
