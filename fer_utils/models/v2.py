"""v2: Hamski's network with other kernels (seed 000): wide in front, narrow behind."""

from fer_utils import labels
from fer_utils.models.blocks import conv_pool
from fer_utils.models.registry import register, settle
from fer_utils.models.v1 import BINARY, hamski_head

_narrowing = {
    "source": "seed 000: Dittenhafer 2016, after J. Hamski's network, at 150x150",
    "size": 150,
    "classes": labels.DATA622,
    "recipe": BINARY,
}


def _pyramid(x, *layers):
    """Return the output of several convolutions, given as ``(filters, kernel)``."""
    for filters, kernel in layers:
        x = conv_pool(x, filters, kernel)
    return x


@register(**_narrowing)
def jh_v2(x, classes):
    """Hamski's three convolutions with 5x5 kernels."""
    x = _pyramid(x, (32, 5), (32, 5), (64, 5))
    return hamski_head(x, classes)


@register(**_narrowing)
def jh_v3(x, classes):
    """Four convolutions of 5x5 kernels: needs 76 pixels a side."""
    x = _pyramid(x, (32, 5), (32, 5), (64, 5), (64, 5))
    return hamski_head(x, classes)


@register(**_narrowing)
def jh_v4(x, classes):
    """Four convolutions whose kernels halve: 8, 4, 2, 1."""
    x = _pyramid(x, (32, 8), (32, 4), (64, 2), (64, 1))
    return hamski_head(x, classes)


@register(**_narrowing)
def jh_v5(x, classes):
    """Four convolutions of 8x8 to 2x2 kernels, no dropout: the one that was submitted."""
    x = _pyramid(x, (32, 8), (32, 5), (64, 3), (64, 2))
    return hamski_head(x, classes, dropout=0)


# By hand, after v1. Drawn faces settled two things: with the binary loss it stays on the plateau
# of constant answers, and so it does at a rate of 1e-3.
settle(
    "v2",
    "jh_v5",
    loss="categorical_crossentropy",
    learning_rate=3e-4,
    batch=32,
    epochs=30,
    augmentation="flip",
    schedule="cosine",
    precision="auto",
)
