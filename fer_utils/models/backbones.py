"""Transfer: a network that others trained, without its head, as the body of ours.

Each built network holds it as one layer named ``backbone``. Its trainable flags are set as
finally wanted; a recipe's ``head_epochs`` freeze it whole for a while.

A network trained here is a backbone too. ``weights`` takes the ``model.keras`` of one of these;
any network goes on from another of its name through ``fit_or_restore``'s ``start``, which takes
the head along as well.
"""

from fer_utils.errors import FerError
from fer_utils.models import pretrained

_RANDOM = 2.0, -1.0  # scale and offset of pixels where nobody trained a network on others


def features(x, backbone, weights=None, trained=None):
    """Return what a backbone makes of images.

    Args:
        x: ``(batch, height, width, 3)``, red, green and blue, values 0-1.
        backbone: a name in ``pretrained.SETS``.
        weights: None for a random start, from which all layers train, whatever ``trained``
            says; ``imagenet`` or ``vggface``; the path of such a file; or the ``model.keras``
            of the same backbone trained here.
        trained: int, the last layers, which train; of those before only batch normalisation
            does. None for all.

    Returns:
        ``(batch, rows, columns, channels)``.

    Raises:
        FerError: no such weights, or their file is missing, damaged or of another network.
        ValueError: images too small for the backbone.
    """
    from keras import layers, ops

    network, scale, offset = _started(backbone, x.shape[1:], weights)
    if weights is not None:
        freeze(network, trained)
    if not isinstance(offset, float):
        x = ops.flip(x, axis=-1)  # those networks were shown blue, green and red
    x = layers.Rescaling(scale, offset, name="preprocess")(x)
    return network(x)


def freeze(network, trained=None, batch_norm=True):
    """Set which layers of a backbone train.

    Args:
        network: ``keras.Model``, changed in place.
        trained: int, the last layers, which train; None for all.
        batch_norm: whether batch normalisation before them trains, as seed 003 had it. Where
            it does not, it keeps the statistics of the images it was first trained on.
    """
    from keras.layers import BatchNormalization

    first = 0 if trained is None else len(network.layers) - trained
    for i, layer in enumerate(network.layers):
        layer.trainable = i >= first or (batch_norm and isinstance(layer, BatchNormalization))


def _started(backbone, shape, weights):
    """Return the backbone with its weights, and scale and offset of its pixels."""
    sets = pretrained.SETS[backbone]
    if weights is None:
        return _at_random(next(iter(sets.values())).network, shape), *_RANDOM
    if str(weights).endswith(".keras"):
        return _own(backbone, shape, weights)
    entry, path = pretrained.located(backbone, weights)
    network = _network(entry.network, shape)
    pretrained.fill(network, path)
    return network, entry.scale, entry.offset


def _own(backbone, shape, path):
    trained, scale, offset = pretrained.backbone_of(path)
    wanted = [weight.shape for weight in trained.weights]
    for name in dict.fromkeys(entry.network for entry in pretrained.SETS[backbone].values()):
        if [weight.shape for weight in _described(name, shape).weights] == wanted:
            network = _network(name, shape)
            network.set_weights(trained.get_weights())
            return network, scale, offset
    raise FerError(f"{path} holds another backbone than {backbone}")


def _network(name, shape):
    """Return a network without its head, one that ``keras.applications`` has or ours."""
    import keras

    from fer_utils.models.senet50 import residual50

    pixels = keras.Input(shape, name="pixels")
    if name in ("VGGFace2", "SENet50"):
        output = residual50(pixels, squeeze=name == "SENet50")
    else:
        make = getattr(keras.applications, name)
        output = make(
            include_top=False, weights=None, input_tensor=pixels, input_shape=shape
        ).output
    return keras.Model(pixels, output, name="backbone")


def _described(name, shape):
    """Return the network with the shapes of its weights, but no weights."""
    import keras

    with keras.StatelessScope(initialize_variables=False):
        return _network(name, shape)


def _at_random(name, shape):
    """Return the network with weights and statistics that a training from nothing gets going.

    Keras's own weights let the signal of sixteen layers without batch normalisation die away,
    and its 0.99 needs hundreds of steps before inference sees the statistics.
    """
    import keras

    def changed(layer):
        settings = layer.get_config()
        wanted = {"kernel_initializer": "he_normal", "momentum": 0.9}
        settings |= {key: value for key, value in wanted.items() if key in settings}
        return type(layer).from_config(settings)

    return keras.models.clone_model(_described(name, shape), clone_function=changed)
