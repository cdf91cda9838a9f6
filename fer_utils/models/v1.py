"""v1: the first networks of seed 000 (DATA622, Dittenhafer 2016), then Hamski's.

Layers, sizes, losses and optimisers are those of the original; pixel values are 0-1.
"""

from fer_utils import labels
from fer_utils.models.blocks import conv_pool, probabilities
from fer_utils.models.registry import Recipe, register, settle

DITTENHAFER = "seed 000: Dittenhafer 2016, Emotion Recognition Neural Network, table 1"
DITTENHAFER_CODE = "seed 000: Dittenhafer 2016, in the code, not in the paper"
HAMSKI = "seed 000: J. Hamski's network, as used by Dittenhafer 2016 at 150x150"

# Keras 1's Adadelta: learning rate 1, rho 0.95.
_ADADELTA = Recipe("adadelta", learning_rate=1.0, batch=200, epochs=20)
_first = {"source": DITTENHAFER, "size": 350, "classes": labels.DATA622, "recipe": _ADADELTA}

# How Hamski's networks were trained, in v1 and v2: the binary cross-entropy of each of the
# softmax's outputs by itself.
BINARY = Recipe("rmsprop", learning_rate=1e-3, loss="binary_crossentropy", batch=200, epochs=20)


def dense_head(x, classes, units, dropout):
    """Flatten, dropout, one dense layer, softmax: the head of seed 000's own networks."""
    from keras import layers

    x = layers.Dropout(dropout)(layers.Flatten()(x))
    return probabilities(layers.Dense(units, activation="relu")(x), classes)


def hamski_head(x, classes, dropout=0.5):
    """Flatten, a small dense layer, dropout behind it, softmax: the head of Hamski's."""
    from keras import layers

    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return probabilities(layers.Dropout(dropout)(x), classes)


def _large_kernel(x, classes, kernel):
    """One convolution of 32 large kernels, straight into the softmax."""
    from keras import layers

    x = conv_pool(x, 32, kernel, pad=5)
    return probabilities(layers.Flatten()(x), classes)


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
def seed000_v3_1(x, classes):
    """Four convolutions, none padded, half as many dense units."""
    for filters in (32, 64, 128, 128):
        x = conv_pool(x, filters, 3)
    return dense_head(x, classes, 64, dropout=0.2)


@register(**_first)
def seed000_v3_2(x, classes):
    """Four convolutions, none padded, the first two narrower, more dropout."""
    for filters in (32, 32, 64, 128):
        x = conv_pool(x, filters, 3)
    return dense_head(x, classes, 64, dropout=0.3)


@register(**_first)
def seed000_v4(x, classes):
    """Five convolutions (v4.2 of the original's table)."""
    x = conv_pool(x, 32, 3, pad=1)
    for filters in (64, 128, 256, 256):
        x = conv_pool(x, filters, 3)
    return dense_head(x, classes, 128, dropout=0.2)


@register(**_first)
def seed000_v4_1(x, classes):
    """Five convolutions, the last two half as wide as v4's."""
    x = conv_pool(x, 32, 3, pad=1)
    for filters in (64, 128, 128, 128):
        x = conv_pool(x, filters, 3)
    return dense_head(x, classes, 128, dropout=0.2)


@register(**_first)
def seed000_v5(x, classes):
    """One convolution of 20x20 kernels, no dense layer but the last."""
    return _large_kernel(x, classes, 20)


@register(**_first)
def seed000_v6(x, classes):
    """One convolution of 30x30 kernels, no dense layer but the last."""
    return _large_kernel(x, classes, 30)


@register(**_first)
def seed000_v7(x, classes):
    """One convolution of 40x40 kernels, no dense layer but the last."""
    return _large_kernel(x, classes, 40)


@register(**_first)
def seed000_v8(x, classes):
    """v6 with the pooling's windows five apart: a sixth of its weights."""
    from keras import layers

    x = layers.Conv2D(32, 30, activation="relu")(layers.ZeroPadding2D(5)(x))
    x = layers.MaxPooling2D(2, strides=5)(x)
    return probabilities(layers.Flatten()(x), classes)


@register(**_first | {"source": DITTENHAFER_CODE})
def seed000_v9(x, classes):
    """Two convolutions of 30x30 kernels, one behind the other."""
    from keras import layers

    x = layers.Conv2D(32, 30, activation="relu")(layers.ZeroPadding2D(5)(x))
    return _large_kernel(x, classes, 30)


@register(source=HAMSKI, size=150, classes=labels.DATA622, recipe=BINARY)
def jhamski(x, classes, normalise=False, dropout=0.5):
    """Three convolutions, a small dense layer, dropout behind it."""
    for filters in (32, 32, 64):
        x = conv_pool(x, filters, 3, normalise=normalise)
    return hamski_head(x, classes, dropout)


@register(
    source="ours: jhamski with batch normalisation and, as seed 000's last network, no dropout",
    size=150,
    classes=labels.DATA622,
    recipe=Recipe("adam", learning_rate=2e-3, batch=32, schedule="cosine"),
)
def normalised_jhamski(x, classes):
    """Hamski's network that learns within a few hundred steps, for short experiments."""
    return jhamski(x, classes, normalise=True, dropout=0)


# Chosen on a held-out tenth of Training, see docs/results/v1_recipe.md.
settle(
    "v1",
    "jhamski",
    batch=32,
    epochs=30,
    augmentation="flip",
    schedule="cosine",
    precision="auto",
)
