"""Groups of layers that several networks share."""


def normalised(x):
    """Batch normalisation whose statistics settle within tens of steps.

    Keras's momentum of 0.99 needs hundreds before inference sees what training saw; the
    training itself is the same with either.
    """
    from keras import layers

    return layers.BatchNormalization(momentum=0.9)(x)


def conv_pool(x, filters, kernel, pad=0, normalise=False):
    """Zero padding, valid convolution, batch normalisation, relu, 2x2 max pooling."""
    from keras import layers

    if pad:
        x = layers.ZeroPadding2D(pad)(x)
    x = layers.Conv2D(filters, kernel)(x)
    if normalise:
        x = normalised(x)
    x = layers.ReLU()(x)
    return layers.MaxPooling2D()(x)


def vgg_block(x, filters, convolutions):
    """3x3 convolutions, each normalised before its relu, then 2x2 max pooling."""
    from keras import layers

    for _ in range(convolutions):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(normalised(x))
    return layers.MaxPooling2D()(x)


def probabilities(x, classes, regularizer=None):
    """Return the last layer's output: a softmax, in float32 whatever the precision before."""
    from keras import layers

    return layers.Dense(
        classes,
        activation="softmax",
        kernel_regularizer=regularizer,
        dtype="float32",
        name="probabilities",
    )(x)
