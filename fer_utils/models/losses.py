"""Losses that Keras does not have, by the name that a recipe gives."""

from fer_utils.errors import FerError

_TINY = 1e-30  # a probability that underflowed has no logarithm


def get(name):
    """Return what ``keras.Model.compile`` takes for a recipe's loss.

    Args:
        name: ``l2_svm``, or Keras's name of a loss.

    Returns:
        The function, or the name itself where it is Keras's.

    Raises:
        FerError: Keras has no such loss.
    """
    import keras

    if name == "l2_svm":
        return l2_svm
    try:
        keras.losses.get(name)
    except ValueError as error:
        raise FerError(
            f"no loss {name!r}: write l2_svm, or Keras's name of one, such as "
            "categorical_crossentropy"
        ) from error
    return name


def l2_svm(targets, probabilities):
    """The squared hinge loss of linear SVMs, one class against the rest.

    Tang 2013 (https://arxiv.org/abs/1306.0239) won FER2013's competition with it. It acts on
    margins, which for the true class should be at least 1 and for each other at most -1. A
    softmax keeps the margins but for a number added to all of them; that number is taken so
    that they add up to what such margins do, 2 minus the number of classes. So any network
    that ends in a softmax can be trained with it. With seven classes, margins of exactly
    1 and -1 are a probability of 0.55: read the rows as an order, not as a confidence.

    Args:
        targets: ``(batch, classes)``, one-hot, or rows that sum to 1.
        probabilities: ``(batch, classes)``, the output of a softmax.

    Returns:
        Tensor ``(batch,)``, the mean of the squared hinges over the classes.
    """
    from keras import ops

    targets = ops.cast(targets, probabilities.dtype)
    scores = ops.log(ops.maximum(probabilities, _TINY))
    classes = scores.shape[-1]
    margins = scores - ops.mean(scores, axis=-1, keepdims=True) + (2 - classes) / classes
    signs = 2 * targets - 1
    return ops.mean(ops.square(ops.relu(1 - signs * margins)), axis=-1)
