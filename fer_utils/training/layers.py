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
    """What another training fitted: frozen first, then as it was built.

    That is the nested model named ``backbone``. A network without one, that begins with the
    weights of another, has it in all layers before its head, the last layer with weights.

    Args:
        network: ``keras.Model``. Which of the backbone's layers train in the end is told by
            their ``trainable`` flags.
        started: whether the network begins with the weights of another.

    Raises:
        FerError: no layer of the network is named ``backbone``, and it was not ``started``.
    """

    def __init__(self, network, started=False):
        found = [layer for layer in network.layers if layer.name == BACKBONE]
        if not found and not started:
            raise FerError(
                f"{network.name} has no backbone to freeze: leave head_epochs at 0, or give a "
                "network trained before as start"
            )
        found = found or [layer for layer in network.layers if layer.weights][:-1]
        self.flags = [(x, x.trainable) for layer in found for x in all_layers(layer)]

    def freeze(self, frozen):
        """Freeze all of it, or give each layer its own flag back."""
        for layer, trainable in self.flags:  # outer ones first: setting one sets all inside
            layer.trainable = trainable and not frozen
