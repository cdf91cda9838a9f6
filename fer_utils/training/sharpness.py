"""Sharpness-aware steps: downhill by the slope found a little uphill, for flatter minima.

SAM, Foret et al. 2021, https://arxiv.org/abs/2010.01412. The backends are named outright here:
Keras has no gradient of its own.
"""

import functools
import math

from fer_utils.errors import FerError
from fer_utils.training.devices import summed, unshared

_TINY = 1e-12  # a gradient of zeros has no direction


def sharpen(model, radius):
    """Have a model's training steps be sharpness-aware, at twice the cost.

    A step takes the gradient g at its weights w, then that at ``w + radius * g / |g|``, and gives
    the optimiser the second, to be applied at w; |g| is over all weights that are trained. Both
    passes see the same augmented images and the same dropout. Metrics and batch-norm statistics
    are the first one's. A scaled loss has the same direction; where it overflows, in either
    pass, the optimiser leaves the step out.

    Args:
        model: ``keras.Model``, changed in place; to be compiled with an optimiser.
        radius: float, for example 0.05; at 0 the model's steps stay as they are.

    Raises:
        FerError: no such radius.
    """
    import keras

    if not 0 <= radius < math.inf:
        raise FerError(f"sharpness is a radius, 0 or above, for example 0.05: not {radius}")
    if radius:
        step = _jax_step if keras.backend.backend() == "jax" else _tensorflow_step
        model.train_step = functools.partial(step, model, radius)


def _tensorflow_step(model, radius, data):
    """Take a step, as Keras's ``train_step`` on TensorFlow does."""
    import tensorflow as tf

    def slope(weights):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            loss, told = _pass(model, weights, others, optimizer, data)
        return tape.gradient(loss, weights, unconnected_gradients="zero"), told

    groups = model.trainable_variables, model.non_trainable_variables, model.optimizer.variables
    weights, others, optimizer = ([tf.convert_to_tensor(v) for v in group] for group in groups)
    gradients, (loss, answers, after) = _sharp(slope, weights, radius, summed)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    for variable, value in zip(model.non_trainable_variables, after, strict=True):
        variable.assign(value)
    return _logs(model, data, unshared(loss), answers)


def _jax_step(model, radius, state, data):
    """Take a step, as Keras's ``train_step`` on jax does: from one state to the next."""
    import jax
    import keras

    weights, others, optimizer, metrics = state
    slope = jax.grad(lambda at: _pass(model, at, others, optimizer, data), has_aux=True)
    gradients, (loss, answers, others) = _sharp(slope, weights, radius)
    weights, optimizer = model.optimizer.stateless_apply(optimizer, gradients, weights)
    with keras.StatelessScope(zip(model.metrics_variables, metrics, strict=True)) as scope:
        logs = _logs(model, data, loss, answers)
    metrics = [scope.get_current_value(variable) for variable in model.metrics_variables]
    return logs, (weights, others, optimizer, metrics)


def _sharp(slope, weights, radius, whole=lambda gradients: gradients):
    """Return the gradients a radius uphill, and what the pass at the weights told.

    ``whole`` makes of one device's gradients those of all: uphill is one direction.
    """
    from keras import ops

    gradients, told = slope(weights)
    gradients = whole(gradients)
    norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    share = radius / (norm + _TINY)
    moved = [w + share * gradient for w, gradient in zip(weights, gradients, strict=True)]
    return slope(moved)[0], told


def _pass(model, weights, others, optimizer, data):
    """Return the scaled loss at some weights; then the loss, the answers, the other variables.

    It reads and changes no variable: a second pass from the same state draws the same numbers.
    """
    import keras

    images, targets, counts = keras.utils.unpack_x_y_sample_weight(data)
    known = [*model.trainable_variables, *model.non_trainable_variables]
    known += model.optimizer.variables  # how the loss is scaled is among them
    values = zip(known, [*weights, *others, *optimizer], strict=True)
    with keras.StatelessScope(values, collect_losses=True) as scope:
        answers = model(images, training=True)
        loss = model.compute_loss(images, targets, answers, counts, training=True)
        scaled = model.optimizer.scale_loss(loss)
    after = [scope.get_current_value(variable) for variable in model.non_trainable_variables]
    return scaled, (loss, answers, after)


def _logs(model, data, loss, answers):
    """Return the metrics' values, after this batch too."""
    import keras

    images, targets, counts = keras.utils.unpack_x_y_sample_weight(data)
    tracker = next(metric for metric in model.metrics if metric.name == "loss")
    tracker.update_state(loss, sample_weight=keras.ops.shape(targets)[0])
    return model.compute_metrics(images, targets, answers, counts)
