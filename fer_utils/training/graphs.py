"""How long TensorFlow looks at a network before it runs it."""

WORTH = 150  # steps from which on faster ones repay the half second or more that is spent first


def optimise_graphs(steps):
    """Have TensorFlow optimise graphs only where so many steps repay it; jax knows no such choice.

    Args:
        steps: int, steps that the training to come takes.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": steps < WORTH})
