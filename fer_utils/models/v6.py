"""v6: transfer from VGG, as seed 003 (CS230) and seed 004 had it.

Both sources divided pixels by 255 for networks that were trained on others. Here each network
sees what it was trained on; the classes, heads and frozen layers are the sources'.
"""

from fer_utils import labels
from fer_utils.models import backbones
from fer_utils.models.blocks import probabilities
from fer_utils.models.registry import Recipe, register, settle
from fer_utils.models.v5 import ADAMW, CS230

# The source's ``decay`` of 1e-4 beside the plateau is left out.
SEED003 = Recipe(
    "sgd",
    learning_rate=0.01,
    optimizer_options={"momentum": 0.9, "nesterov": True},
    epochs=100,
    augmentation="seed003",
    schedule="plateau",
)


def dense_head(x, classes, dropouts=(0.5, 0.5, 0.5)):
    """Dense layers of 4096 and 1024, dropout before each and before the softmax: seed 003's."""
    from keras import layers

    for units, rate in zip((4096, 1024), dropouts, strict=False):
        x = layers.Dense(units, activation="relu")(layers.Dropout(rate)(x))
    return probabilities(layers.Dropout(dropouts[-1])(x), classes)


@register(
    source=CS230,
    size=197,
    classes=labels.FER2013,
    recipe=SEED003,
    channels=3,
    backbone="vgg16",
)
def seed003_vgg16(x, classes, weights=None):
    """VGG16, all of it frozen, under seed 003's head."""
    from keras import layers

    x = layers.Flatten()(backbones.features(x, "vgg16", weights, trained=0))
    return dense_head(x, classes, dropouts=(0.5, 0.5, 0.0))


@register(
    source="seed 004: three emotions with VGG19",
    size=224,
    classes=labels.THREE_EMOTIONS,
    recipe=Recipe(
        "adam",
        learning_rate=1e-5,
        batch=32,
        epochs=75,
        augmentation="seed004",
        patience=10,
        keep="best",
    ),
    channels=3,
    backbone="vgg19",
)
def seed004_vgg19(x, classes, weights=None):
    """VGG19, its fifth block trained.

    The source gives neither batch, patience, dropout nor regulariser: 32, 10, a half, and 0.01
    of the squared weights are ours.
    """
    from keras import layers

    x = layers.Flatten()(backbones.features(x, "vgg19", weights, trained=5))
    for _ in range(2):
        x = layers.Dense(128, activation="relu", kernel_regularizer="l2")(x)
        x = layers.Dropout(0.5)(x)
    return probabilities(x, classes)


# By hand, for a start from nothing: sixteen layers without normalisation need small steps.
settle(
    "v6",
    "seed003_vgg16",
    **ADAMW | {"learning_rate": 2e-4},
    epochs=4,
    batch=64,
    schedule="cosine",
    precision="auto",
)
