"""v8, ours: what has proven itself since the seeds were written."""

from fer_utils import labels
from fer_utils.models.blocks import probabilities, vgg_block
from fer_utils.models.registry import Recipe, register, settle


@register(
    source="ours, after Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556",
    size=48,
    classes=labels.FER2013,
    recipe=Recipe(
        "adamw",
        learning_rate=1e-3,
        batch=64,
        epochs=40,
        augmentation="seed003",
        schedule="cosine",
        label_smoothing=0.1,
        precision="auto",
        average=0.999,
    ),
)
def vgg_gap(x, classes):
    """Eight normalised 3x3 convolutions in four blocks, then the mean over all places.

    No dense layers but the last: 1.8 million weights, and faces may sit a little off.
    """
    from keras import layers

    for filters, convolutions in ((32, 1), (64, 2), (128, 2), (256, 3)):
        x = vgg_block(x, filters, convolutions)
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return probabilities(x, classes)


settle("v8", "vgg_gap")
