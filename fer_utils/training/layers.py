"""A network's layers, also those inside others; a pretrained backbone among them."""

from fer_utils.errors import FerError

BACKBONE = "backbone"  # the name of the nested model that another training fitted


def all_layers(layer):
    """Yield a layer and all layers inside it, outer ones first."""
    yield layer
    inner = [*getattr(layer, "layers", ())]
    if hasattr(layer, "layer"):  # of a wrapper, such as TimeDistributed
        inner.append(layer.layer)
    for child in inner:
        yield from all_layers(child)


class Backbone:
    """The nested model named ``backbone``: frozen first, then as it was built.

    Args:
        network: ``keras.Model``. Which of the backbone's layers train in the end is told by
            their ``trainable`` flags.

    Raises:
        FerError: no layer of the network is named ``backbone``.
    """

    def __init__(self, network):
        found = [layer for layer in network.layers if layer.name == BACKBONE]
        if not found:
            raise FerError(f"{network.name} has no backbone to freeze: leave head_epochs at 0")
        self.flags = [(layer, layer.trainable) for layer in all_layers(found[0])]

    def freeze(self, frozen):
        """Freeze all of it, or give each layer its own flag back."""
        for layer, trainable in self.flags:  # outer ones first: setting one sets all inside
            layer.trainable = trainable and not frozen
