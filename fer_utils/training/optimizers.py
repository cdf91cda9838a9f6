"""From a recipe to a Keras optimiser with its learning rate."""

from fer_utils.errors import FerError
from fer_utils.training.averaging import momentum

_SCHEDULES = ("constant", "cosine", "inverse_time", "linear", "plateau")
_LOWEST = 1e-5  # to which a plateau halves the learning rate


def optimizer(recipe, steps):
    """Return the recipe's Keras optimiser for a training of so many steps.

    Under ``mixed_float16`` it stands in a ``LossScaleOptimizer``: gradients too small for such
    numbers would else be zero. Keras does that only where the whole model has that precision,
    but the augmentation in front of a network stays in float32.

    Raises:
        FerError: no such optimiser or schedule, an option that the optimiser does not have, or
            a warm-up that is no share or that the schedule does not take.
    """
    import keras

    options = {**recipe.optimizer_options, "learning_rate": _rate(recipe, steps)}
    if recipe.average:
        options |= {"use_ema": True, "ema_momentum": momentum(recipe.average, steps)}
    try:
        plain = keras.optimizers.get(recipe.optimizer)
        made = type(plain).from_config({**plain.get_config(), **options})
    except (TypeError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise FerError(f"cannot make the optimizer {recipe.optimizer!r}: {said}") from error
    scaled = recipe.precision == "mixed_float16"
    return keras.optimizers.LossScaleOptimizer(made) if scaled else made


def _rate(recipe, steps):
    """Return the learning rate: a number, or a Keras schedule over steps."""
    from keras.optimizers import schedules

    rate, rising = recipe.learning_rate, _warm_up_steps(recipe, steps)
    if recipe.schedule == "cosine" and rising:
        options = {"warmup_target": rate, "warmup_steps": rising}
        return schedules.CosineDecay(0.0, steps - rising, **options)
    if recipe.schedule == "cosine":
        return schedules.CosineDecay(rate, steps)
    if recipe.schedule == "linear":
        return schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0)
    if recipe.schedule == "inverse_time":
        return schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=recipe.decay)
    # A decay that ends above its start is a rise; it stays where it ends.
    return schedules.PolynomialDecay(0.0, rising, end_learning_rate=rate) if rising else rate


def _warm_up_steps(recipe, steps):
    """Return in how many of the steps the rate rises: one at least is left after them."""
    if recipe.schedule not in _SCHEDULES:
        raise FerError(f"no schedule {recipe.schedule!r}: there are {', '.join(_SCHEDULES)}")
    if not 0 <= recipe.warm_up < 1:
        raise FerError(
            f"warm_up is a share of the steps, 0 to below 1, for example 0.1: not {recipe.warm_up}"
        )
    if recipe.warm_up and recipe.schedule not in ("constant", "cosine"):
        raise FerError(
            f"no warm_up with schedule {recipe.schedule!r}: write constant or cosine, or leave "
            "warm_up at 0"
        )
    return min(round(recipe.warm_up * steps), steps - 1)


def plateau_rate(recipe, history):
    """Return the learning rate after these epochs: it follows from them alone.

    Args:
        recipe: the Recipe.
        history: list of dicts with ``val_accuracy``, one an epoch.

    Returns:
        float: halved wherever the accuracy has not risen for ``plateau_patience`` epochs, not
        below 1e-5.
    """
    rate, best, flat = recipe.learning_rate, -1.0, 0
    for row in history:
        flat = 0 if row["val_accuracy"] > best else flat + 1
        best = max(best, row["val_accuracy"])
        if flat >= recipe.plateau_patience:
            rate, flat = min(rate, max(rate / 2, _LOWEST)), 0
    return rate
