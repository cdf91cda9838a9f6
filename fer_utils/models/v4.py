"""v4: the searched network of seed 002 (Labadie and Wilchek, CK+) and what it started from.

The source read its grey files as colour, so both see three equal channels: their numbers of
weights are then its own.
"""

from fer_utils import labels
from fer_utils.models.blocks import probabilities
from fer_utils.models.registry import Recipe, register, settle

_ckplus = {"classes": labels.CKPLUS, "channels": 3}


def five_layers(x, classes, filters, activations, dropout, initializer="glorot_uniform"):
    """Two pairs of 3x3 convolutions, each pooled and dropped out, then a dense layer of 512.

    Args:
        x: images ``(batch, height, width, channels)``, values 0-1.
        classes: number of classes.
        filters: of the four convolutions; the first of a pair keeps the size.
        activations: of the four convolutions and of the dense layer.
        dropout: share behind each pair; half is dropped behind the dense layer.
        initializer: of the first convolution alone, as in the source's search.
    """
    from keras import layers

    *convolutions, dense = activations
    for i, (width, activation) in enumerate(zip(filters, convolutions, strict=True)):
        second = i % 2 == 1
        padding = "valid" if second else "same"
        start = "glorot_uniform" if i else initializer
        x = layers.Conv2D(width, 3, 1, padding, activation=activation, kernel_initializer=start)(x)
        if second:
            x = layers.Dropout(dropout)(layers.MaxPooling2D()(x))
    x = layers.Dense(512, activation=dense)(layers.Flatten()(x))
    return probabilities(layers.Dropout(0.5)(x), classes)


@register(
    **_ckplus,
    source="seed 002: Labadie and Wilchek 2019, the baseline, after Keras's CIFAR-10 example",
    size=(32, 25),
    recipe=Recipe(
        "rmsprop", learning_rate=1e-4, batch=32, epochs=10, schedule="inverse_time", decay=1e-6
    ),
)
def seed002_baseline(x, classes):
    """Four convolutions and a dense layer, all relu; whole pictures, no faces cut out."""
    return five_layers(x, classes, (32, 32, 64, 64), ["relu"] * 5, dropout=0.25)


@register(
    **_ckplus,
    source="seed 002: Labadie and Wilchek 2019, the best of their search, faces cut out",
    size=(54, 72),  # wider than high, as there: faces are squashed
    recipe=Recipe(
        "adam",
        learning_rate=1e-3,
        batch=256,
        epochs=30,
        augmentation="seed002",
        schedule="inverse_time",
        decay=1e-6,
        keep="best",  # the source kept the best accuracy, here it is the lowest loss
    ),
)
def seed002_best(x, classes):
    """The baseline's five layers with elu outside, tanh inside, a wider third, more dropout."""
    activations = ("elu", "tanh", "tanh", "tanh", "elu")
    return five_layers(x, classes, (32, 32, 128, 64), activations, dropout=0.4)


# By hand: the source's rate, dropout and flips, the last epoch in place of the best one.
settle(
    "v4",
    "seed002_best",
    batch=64,
    epochs=20,
    schedule="cosine",
    decay=0.0,
    keep="last",
    precision="auto",
)
