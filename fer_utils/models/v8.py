"""v8, ours: what has proven itself since the seeds were written."""

from fer_utils import labels
from fer_utils.models.registry import Recipe, register


@register(
    source="ours, after Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556",
    size=48,
    classes=labels.FER2013,
    recipe=Recipe(
        "adamw",
        learning_rate=1e-3,
        batch=64,
        epochs=30,
        augmentation="seed003",
        schedule="cosine",
        label_smoothing=0.1,
    ),
)
def vgg_gap(x, classes):
    """Eight normalised 3x3 convolutions in four blocks, then the mean over all places.

    No dense layers but the last: 1.8 million weights, and faces may sit a little off.
    """
    from keras import layers

    for filters, convolutions in ((32, 1), (64, 2), (128, 2), (256, 3)):
        for _ in range(convolutions):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            # Keras's default of 0.99 needs hundreds of steps before inference sees statistics.
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
