"""v3: happy or sad (seed 001), from scratch, and what mends its overfitting."""

from fer_utils import labels
from fer_utils.models.blocks import probabilities, vgg_block
from fer_utils.models.registry import Recipe, register, settle


@register(
    source="seed 001: happy or sad from scratch, in R's Keras",
    size=244,  # not 224: FER2013's 48 pixels enlarged
    classes=labels.HAPPY_SAD,
    # Keras's defaults. The source saved the epoch with the lowest validation loss, its third,
    # and reported the accuracy of its seventh.
    recipe=Recipe("sgd", learning_rate=0.01, batch=32, epochs=10, keep="best"),
)
def seed001_happy_sad(x, classes):
    """Two convolutions and one pooling: 47.6 million weights, all but 5,410 behind them."""
    from keras import layers

    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(16, 3, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.5)(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(layers.Dropout(0.25)(x))
    x = layers.Dropout(0.5)(layers.Dense(200, activation="relu")(x))
    return probabilities(x, classes)


@register(
    source="ours: against the overfitting of seed001_happy_sad",
    size=48,
    classes=labels.HAPPY_SAD,
    recipe=Recipe(
        "adam",
        learning_rate=1e-3,
        batch=32,
        epochs=30,
        augmentation="seed003",
        schedule="cosine",
    ),
)
def seed001_fixed(x, classes):
    """Six normalised convolutions, then the mean over all places: 0.57 million weights.

    Seed 001's network has a weight for each place of the picture and each dense unit: enough
    to know its 12,102 training faces by heart. Here pooling and averaging forget the place, so
    the weights are those of the convolutions; normalisation, dropout and moved pictures do the
    rest. It sees FER2013's own 48 pixels: enlarging them adds work and no information.
    """
    from keras import layers

    for filters, convolutions in ((32, 1), (64, 2), (128, 2), (256, 1)):
        x = vgg_block(x, filters, convolutions)
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    return probabilities(x, classes)


settle("v3", "seed001_fixed", epochs=20, precision="auto")  # by hand
