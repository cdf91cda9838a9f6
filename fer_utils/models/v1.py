"""v1: the first networks of seed 000 (DATA622, Dittenhafer 2016), then Hamski's.

Layers, sizes, losses and optimisers are those of the original; pixel values are 0-1.
"""

from fer_utils import labels
from fer_utils.models.registry import Recipe, register

DITTENHAFER = "seed 000: Dittenhafer 2016, Emotion Recognition Neural Network, table 1"
HAMSKI = "seed 000: J. Hamski's network, as used by Dittenhafer 2016 at 150x150"

# Keras 1's Adadelta: learning rate 1, rho 0.95.
_ADADELTA = Recipe("adadelta", learning_rate=1.0, batch=200, epochs=20)
_first = {"source": DITTENHAFER, "size": 350, "classes": labels.DATA622, "recipe": _ADADELTA}


def conv_pool(x, filters, kernel, pad=0, normalise=False):
    """Zero padding, valid convolution, batch normalisation, relu, 2x2 max pooling."""
    from keras import layers

    if pad:
        x = layers.ZeroPadding2D(pad)(x)
    x = layers.Conv2D(filters, kernel)(x)
    if normalise:
        # Keras's default of 0.99 needs hundreds of steps before inference sees the statistics.
        x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    return layers.MaxPooling2D()(x)


def dense_head(x, classes, units, dropout):
    """Flatten, dropout, one dense layer, softmax: the head of seed 000's own networks."""
    from keras import layers

    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.Dense(units, activation="relu")(x)
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)


@register(**_first)
def seed000_v1(x, classes):
    """Two padded 3x3 convolutions: 62 million weights, nearly all in one dense layer."""
    x = conv_pool(x, 32, 3, pad=1)
    x = conv_pool(x, 64, 3, pad=1)
    return dense_head(x, classes, 128, dropout=0.2)


@register(**_first)
def seed000_v2(x, classes):
    """Three convolutions."""
    x = conv_pool(x, 32, 3, pad=1)
    x = conv_pool(x, 64, 3)
    x = conv_pool(x, 128, 3)
    return dense_head(x, classes, 128, dropout=0.2)


@register(**_first)
def seed000_v3(x, classes, normalise=False):
    """Four convolutions."""
    x = conv_pool(x, 32, 3, pad=1, normalise=normalise)
    for filters in (64, 128, 128):
        x = conv_pool(x, filters, 3, normalise=normalise)
    return dense_head(x, classes, 128, dropout=0.2)


@register(
    source="ours: seed000_v3 with batch normalisation",
    size=350,
    classes=labels.DATA622,
    recipe=_ADADELTA,
)
def normalised_v3(x, classes):
    """seed000_v3 with batch normalisation behind each convolution: it does not collapse."""
    return seed000_v3(x, classes, normalise=True)


@register(**_first)
def seed000_v4(x, classes):
    """Five convolutions (v4.2 of the original's table)."""
    x = conv_pool(x, 32, 3, pad=1)
    x = conv_pool(x, 64, 3)
    x = conv_pool(x, 128, 3)
    x = conv_pool(x, 256, 3)
    x = conv_pool(x, 256, 3)
    return dense_head(x, classes, 128, dropout=0.2)


@register(
    source=HAMSKI,
    size=150,
    classes=labels.DATA622,
    recipe=Recipe("rmsprop", learning_rate=1e-3, loss="binary_crossentropy", batch=200, epochs=20),
    version="v1",
)
def jhamski(x, classes, normalise=False, dropout=0.5):
    """Three convolutions, a small dense layer, dropout behind it."""
    from keras import layers

    for filters in (32, 32, 64):
        x = conv_pool(x, filters, 3, normalise=normalise)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(dropout)(x)
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)


@register(
    source="ours: jhamski with batch normalisation and, as seed 000's last network, no dropout",
    size=150,
    classes=labels.DATA622,
    recipe=Recipe("adam", learning_rate=2e-3, batch=32, schedule="cosine"),
)
def normalised_jhamski(x, classes):
    """Hamski's network that learns within a few hundred steps, for short experiments."""
    return jhamski(x, classes, normalise=True, dropout=0)
