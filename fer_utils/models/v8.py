"""v8, ours: what has proven itself since the seeds were written.

Three networks that err differently, of about the same cost: a deep one, a wide and short one, and
a residual one that weighs its channels. An ensemble gains most from members unlike each other.
And one for the browser, with a seventh of the multiplications.
"""

from fer_utils import labels
from fer_utils.models.blocks import normalised, probabilities, vgg_block
from fer_utils.models.registry import Recipe, register, settle

RECIPE = Recipe(
    "adamw",
    learning_rate=1e-3,
    batch=64,
    epochs=40,
    augmentation="seed003",
    schedule="cosine",
    label_smoothing=0.1,
    precision="auto",
    average=0.999,
)
_ours = {"size": 48, "classes": labels.FER2013, "recipe": RECIPE}


@register(
    **_ours,
    source="ours, after Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556",
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


@register(**_ours, source="ours, after airbench, Jordan 2024, https://arxiv.org/abs/2404.00498")
def wide_short(x, classes):
    """A 2x2 convolution, then three pairs of 3x3 ones with a pooling inside each pair.

    Short, so that its gradient is; the largest answer over the last places is taken, not the mean.
    """
    from keras import layers

    x = layers.Activation("gelu")(normalised(layers.Conv2D(16, 2, use_bias=False)(x)))
    for filters in (32, 128, 256):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("gelu")(normalised(layers.MaxPooling2D()(x)))
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("gelu")(normalised(x))
    x = layers.Dropout(0.3)(layers.GlobalMaxPooling2D()(x))
    return probabilities(x, classes)


@register(
    **_ours,
    source="ours, after He et al. 2016, https://arxiv.org/abs/1603.05027, and Hu et al. 2018, "
    "https://arxiv.org/abs/1709.01507",
)
def se_resnet(x, classes):
    """Five residual blocks, normalised before each convolution, channels weighed at their end."""
    from keras import layers

    x = layers.MaxPooling2D()(layers.Conv2D(32, 3, padding="same", use_bias=False)(x))
    for filters, stride in ((48, 1), (96, 2), (96, 1), (192, 2), (192, 1)):
        x = _residual(x, filters, stride)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(normalised(x)))
    return probabilities(layers.Dropout(0.3)(x), classes)


@register(**_ours, source="ours, for the browser; distilled as Hinton et al. 2015 do")
def compact(x, classes):
    """Two poolings within the first two convolutions, three of 128 filters on what is left, 6x6.

    0.4 million weights, 0.8 MB in float16.
    """
    from keras import layers

    x = layers.Conv2D(32, 5, strides=2, padding="same", use_bias=False)(x)
    x = layers.MaxPooling2D()(layers.ReLU()(normalised(x)))
    x = vgg_block(x, 64, 1)
    for _ in range(3):
        x = layers.Conv2D(128, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(normalised(x))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return probabilities(x, classes)


def _residual(x, filters, stride):
    from keras import layers

    ready = layers.ReLU()(normalised(x))
    if stride > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, use_bias=False)(ready)
    y = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(ready)
    y = layers.ReLU()(normalised(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    return layers.Add()([x, _weighed(y, filters // 16)])


def _weighed(x, squeezed):
    """Squeeze and excitation: each channel times a share that follows from all channels' means."""
    from keras import layers

    shares = layers.GlobalAveragePooling2D(keepdims=True)(x)
    shares = layers.Dense(squeezed, activation="relu")(shares)
    return layers.Multiply()([x, layers.Dense(x.shape[-1], activation="sigmoid")(shares)])


settle("v8", "vgg_gap")
