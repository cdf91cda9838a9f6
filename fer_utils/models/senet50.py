"""The two 50-layer residual networks that VGGFace2 trained, one with squeeze and excitation.

Cao et al. 2018, https://arxiv.org/abs/1710.08092; Hu et al. 2018,
https://arxiv.org/abs/1709.01507. Layers, their order and their names are those of
keras-vggface's files, a slash in a name being an underscore here: its weights fit.
"""

_BLOCKS = {2: (64, 3), 3: (128, 4), 4: (256, 6), 5: (512, 3)}  # stage: filters, blocks
_REDUCTION = 16  # channels of a block to those of its squeeze


def residual50(pixels, squeeze):
    """Return the features ``(batch, rows, columns, 2048)`` of images.

    Args:
        pixels: ``(batch, height, width, 3)``, blue, green, red, VGGFace2's means subtracted.
        squeeze: whether each block weighs its channels: SE-ResNet50, else ResNet50.

    Raises:
        ValueError: images below 32 pixels, Keras's own limit for ResNet50: five halvings.
    """
    from keras import layers

    if min(pixels.shape[1:3]) < 2**5:
        raise ValueError(f"images of {pixels.shape[1:3]} pixels are too small for 50 layers")
    epsilon = 1e-4 if squeeze else 1e-3
    x = _normalised(pixels, 64, 7, "conv1_7x7_s2", epsilon, strides=2)
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, (filters, blocks) in _BLOCKS.items():
        for number in range(1, blocks + 1):
            x = _block(x, stage, number, filters, squeeze, epsilon)
    return x


def _block(x, stage, number, filters, squeeze, epsilon):
    """Add three convolutions to their input; the first block of a stage projects that."""
    from keras import layers

    name = f"conv{stage}_{number}"
    strides = 2 if number == 1 and stage > 2 else 1
    y = _normalised(x, filters, 1, f"{name}_1x1_reduce", epsilon, strides)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = _normalised(y, filters, 3, f"{name}_3x3", epsilon)
    y = layers.ReLU(name=f"{name}_relu2")(y)
    y = _normalised(y, 4 * filters, 1, f"{name}_1x1_increase", epsilon)
    if squeeze:
        y = _weighed(y, name)
    if number == 1:
        x = _normalised(x, 4 * filters, 1, f"{name}_1x1_proj", epsilon, strides)
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([y, x]))


def _normalised(x, filters, kernel, name, epsilon, strides=1):
    from keras import layers

    x = layers.Conv2D(filters, kernel, strides, padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(epsilon=epsilon, name=f"{name}_bn")(x)


def _weighed(x, name):
    """Squeeze and excitation: weigh each channel, 0 to 1, by the means of all."""
    from keras import layers

    channels = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(name=f"{name}_squeeze")(x)
    weight = layers.Reshape((1, 1, channels), name=f"{name}_reshape")(weight)
    weight = layers.Conv2D(channels // _REDUCTION, 1, name=f"{name}_1x1_down")(weight)
    weight = layers.ReLU(name=f"{name}_relu3")(weight)
    weight = layers.Conv2D(channels, 1, name=f"{name}_1x1_up")(weight)
    weight = layers.Activation("sigmoid", name=f"{name}_sigmoid")(weight)
    return layers.Multiply(name=f"{name}_excite")([x, weight])
