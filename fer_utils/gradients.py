"""How what a network says changes with what it is shown: one function, for each backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras


def slopes(model: keras.Model) -> Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]:
    """Return a compiled function that differentiates what a model says by what it is shown.

    Weights that change later count: none is kept in what is compiled. Each new shape of a batch
    compiles once more.

    Args:
        model: ``keras.Model`` with one input and one output ``(batch, classes)``; dropout and
            batch normalisation do as they do when it is asked.

    Returns:
        Function of float32 ``(batch, ...)`` inputs and float32 ``(batch, classes)`` weights of
        the outputs, one-hot for one class a row. It returns the outputs ``(batch, classes)`` and
        the gradient of their weighted sum, of the inputs' shape, as the backend's arrays.

    Raises:
        FerError: Keras runs on another backend than TensorFlow and jax.

    Example:
        >>> said, slope = slopes(model)(images.astype("float32"), np.eye(7, dtype="float32")[:2])
    """
    import keras

    makers = {"tensorflow": _tensorflow, "jax": _jax}
    backend = keras.backend.backend()
    if backend not in makers:
        raise FerError(f"no gradients on {backend}: set KERAS_BACKEND to tensorflow or jax")
    return makers[backend](model)


def _tensorflow(model):
    import tensorflow as tf

    @tf.function
    def step(shown, wanted):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(shown)
            said = model(shown, training=False)
            told = tf.reduce_sum(said * wanted)
        zero = tf.UnconnectedGradients.ZERO  # where nothing that is said depends on it
        return said, tape.gradient(told, shown, unconnected_gradients=zero)

    return lambda shown, wanted: step(tf.convert_to_tensor(shown), tf.convert_to_tensor(wanted))


def _jax(model):
    import jax

    def told(shown, wanted, trained, fixed):
        said, _ = model.stateless_call(trained, fixed, shown, training=False)
        return (said * wanted).sum(), said

    step = jax.jit(jax.value_and_grad(told, has_aux=True))

    def slope(shown, wanted):
        trained = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]
        (_, said), gradient = step(shown, wanted, trained, fixed)
        return said, gradient

    return slope
