"""Networks that are small on purpose: a twin of the real ones for tests, one to compare with."""

from fer_utils import labels
from fer_utils.models.blocks import conv_pool, probabilities
from fer_utils.models.registry import Recipe, register


@register(
    source="ours, for tests",
    size=48,
    classes=labels.FER2013,
    recipe=Recipe("adam", learning_rate=3e-3, batch=32, epochs=2, augmentation="flip"),
)
def tiny(x, classes):
    """Two convolutions and global pooling: about 1,500 weights."""
    from keras import layers

    x = conv_pool(x, 8, 3)
    x = conv_pool(x, 16, 3)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.1)(x)
    return probabilities(x, classes)


@register(
    source="ours, for experiments that compare something else",
    size=48,
    classes=labels.FER2013,
    recipe=Recipe("adam", learning_rate=3e-3, batch=32, epochs=6, schedule="cosine"),
)
def small(x, classes):
    """Three normalised convolutions: learns within a few hundred steps, at 32 pixels too."""
    from keras import layers

    for filters in (16, 32, 64):
        x = conv_pool(x, filters, 3, normalise=True)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return probabilities(x, classes)
