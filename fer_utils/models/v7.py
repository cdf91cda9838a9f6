"""v7: transfer from residual and mobile networks, all under seed 003's head.

Seed 001 wished for this table and could not run it. Seed 003 gives no head for MobileNet and
has no InceptionV3: theirs is that of its other networks, and all their layers train.
"""

from fer_utils import labels
from fer_utils.models import backbones
from fer_utils.models.registry import register, settle
from fer_utils.models.v5 import ADAMW, CS230
from fer_utils.models.v6 import SEED003, dense_head


def _entered(backbone, source=CS230, size=197):
    options = {"classes": labels.FER2013, "recipe": SEED003, "channels": 3}
    return register(source=source, size=size, backbone=backbone, **options)


def _pooled(x, classes, backbone, weights, trained=None):
    from keras import layers

    x = backbones.features(x, backbone, weights, trained)
    return dense_head(layers.GlobalAveragePooling2D()(x), classes)


@_entered("resnet50")
def resnet50(x, classes, weights=None):
    """ResNet50, no convolution of which trains.

    Seed 003 froze the first 170 of VGGFace's 174 layers, the last being its pooling; Keras's
    network has two layers of padding more.
    """
    return _pooled(x, classes, "resnet50", weights, trained=3)


@_entered("senet50")
def senet50(x, classes, weights=None):
    """SE-ResNet50, the first 201 of whose 285 layers are frozen, as seed 003 had it."""
    return _pooled(x, classes, "senet50", weights, trained=84)


@_entered("mobilenet", size=224)
def mobilenet(x, classes, weights=None):
    """MobileNet: a CPU can train it, so it is the one that the notebook settles on."""
    return _pooled(x, classes, "mobilenet", weights)


@_entered(
    "inception_v3",
    size=299,
    source="seed 001 (wished for): Szegedy et al. 2016, https://arxiv.org/abs/1512.00567",
)
def inception_v3(x, classes, weights=None):
    """InceptionV3."""
    return _pooled(x, classes, "inception_v3", weights)


# By hand, for a start from nothing.
settle(
    "v7",
    "mobilenet",
    **ADAMW | {"learning_rate": 5e-4},
    epochs=12,
    batch=64,
    schedule="cosine",
    precision="auto",
)
