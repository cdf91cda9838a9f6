"""The backbones: their layers and counts, what they are shown, what of them trains."""

import keras
import numpy as np
import pytest
from keras.layers import BatchNormalization

from fer_utils import models
from fer_utils.models import backbones, pretrained

# Weights of the backbone without its head, then with ours at the source's size.
COUNTS = {
    "seed003_vgg16": (14_714_688, 94_418_759),
    "seed004_vgg19": (20_024_384, 23_252_675),
    "resnet50": (23_587_712, 36_182_919),
    "senet50": (26_092_144, 38_687_351),
    "mobilenet": (3_228_864, 11_629_767),
    "inception_v3": (21_802_784, 34_397_991),
}
PAIRS = [
    (name, kind) for name in COUNTS for kind in pretrained.SETS[models.describe(name).backbone]
]
# Of seed 003's SeNet50 under Keras 2.2.5, as its notebook prints them.
SEED003_SENET_NORMS = [
    *(2, 6, 9, 12, 21, 25, 28, 31, 42, 45, 48, 59, 62, 65, 74, 78, 81, 84, 95, 98, 101, 112),
    *(115, 118, 129, 132, 135, 144, 148, 151, 154, 165, 168, 171, 182, 185, 188, 199, 202, 205),
    *(216, 219, 222, 233, 236, 239, 248, 252, 255, 258, 269, 272, 275),
]


def described(name, *arguments, **options):
    """Build a network whose weights are described, not drawn."""
    with keras.StatelessScope(initialize_variables=False):
        return models.build(name, *arguments, **options)


@pytest.fixture
def no_files(monkeypatch):
    """Take weights as read: nothing is looked for and nothing loaded."""
    monkeypatch.setattr(
        pretrained, "located", lambda backbone, kind: (pretrained.SETS[backbone][kind], None)
    )
    monkeypatch.setattr(pretrained, "fill", lambda network, path: None)


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_at_the_sources_size(name):
    model = described(name)
    counted = model.get_layer("backbone").count_params(), model.count_params()
    assert counted == COUNTS[name]
    assert model.output_shape == (None, len(models.describe(name).classes))


def test_squeezes_weigh_what_their_paper_says():
    squeezed, plain = (
        backbones._described(name, (64, 64, 3)).count_params() for name in ("SENet50", "VGGFace2")
    )
    blocks = {256: 3, 512: 4, 1024: 6, 2048: 3}  # channels: how many
    # Hu et al. 2018, section 5: 2/r times the squared channels; then the biases.
    said = sum(2 * n * channels**2 // 16 for channels, n in blocks.items())
    biases = sum(n * (channels + channels // 16) for channels, n in blocks.items())
    assert (said, squeezed - plain) == (2_514_944, said + biases)
    # With a head for 1,000 classes and without the running statistics, 28.1 million: table 2.
    statistics = 53_120
    assert squeezed - statistics + 2049 * 1000 == 28_088_024


def test_senet_has_its_layers_in_the_order_of_its_weights_file():
    layers = described("senet50").get_layer("backbone").layers
    found = [i for i, layer in enumerate(layers) if isinstance(layer, BatchNormalization)]
    assert found == SEED003_SENET_NORMS


@pytest.mark.parametrize(
    ("name", "kind", "first", "last"),
    [
        ("seed003_vgg16", "vggface", 19, None),
        ("seed004_vgg19", "imagenet", 17, "block5_conv1"),
        ("resnet50", "vggface", 170, None),
        ("resnet50", "imagenet", 172, None),
        ("senet50", "vggface", 201, "conv4_5_relu1"),
        ("mobilenet", "imagenet", 0, "conv1"),
        ("inception_v3", "imagenet", 0, None),
    ],
)
def test_first_layers_are_frozen_but_for_batch_normalisation(no_files, name, kind, first, last):
    layers = described(name, weights=kind).get_layer("backbone").layers
    for i, layer in enumerate(layers):
        assert layer.trainable == (i >= first or isinstance(layer, BatchNormalization)), layer.name


@pytest.mark.parametrize("name", ["seed003_vgg16", "resnet50"])
def test_a_random_start_trains_whole(name):
    model = described(name, size=32)
    assert all(layer.trainable for layer in model.get_layer("backbone").layers)


def test_batch_normalisation_can_stay_frozen_too():
    network = backbones._described("MobileNet", (32, 32, 3))
    backbones.freeze(network, trained=4, batch_norm=False)
    assert [layer.trainable for layer in network.layers[-6:]] == [False] * 2 + [True] * 4


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_each_backbone_is_shown_what_it_was_trained_on(no_files, name, kind):
    model = described(name, size=75, input_shape=(75, 75, 3), weights=kind)
    shown = keras.Model(model.input, model.get_layer("preprocess").output)
    colour = np.random.default_rng(0).integers(0, 256, (1, 75, 75, 3), dtype=np.uint8)
    seen = shown.predict(colour, verbose=0)
    np.testing.assert_allclose(seen, wanted(name, kind, colour.astype("float32")), atol=1e-3)


def wanted(name, kind, colour):
    """Return what Keras, or keras-vggface, makes of the colours."""
    backbone = models.describe(name).backbone
    if kind == "imagenet":
        return getattr(keras.applications, backbone).preprocess_input(colour)
    first = (93.5940, 104.7624, 129.1863)
    means = {"vgg16": first}.get(backbone, (91.4953, 103.8827, 131.0912))
    return colour[..., ::-1] - np.array(means)


def test_grey_is_three_equal_channels_from_minus_one_at_a_random_start():
    model = described("mobilenet", size=32)
    shown = keras.Model(model.input, model.get_layer("preprocess").output)
    ramp = np.arange(1024, dtype=np.uint8).reshape(1, 32, 32, 1)
    seen = shown.predict(ramp, verbose=0)
    np.testing.assert_allclose(seen, np.repeat(ramp / 127.5 - 1, 3, axis=-1), atol=1e-5)


def test_small_images_are_enlarged_inside():
    model = described("mobilenet", input_shape=(48, 48), size=64)
    assert model.input_shape == (None, 48, 48, 1)
    assert model.get_layer("backbone").input_shape == (None, 64, 64, 3)


def test_a_random_start_keeps_the_signal_alive():
    # Sixteen layers without normalisation: with Keras's own weights some 0.0001 is left.
    keras.utils.set_random_seed(0)
    network = backbones._at_random("VGG19", (32, 32, 3))
    noise = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    assert 0.1 < keras.ops.convert_to_numpy(network(noise)).std() < 10


def test_what_trains_survives_saving(tmp_path, no_files):
    model = models.build("mobilenet", size=32, weights="imagenet")
    backbones.freeze(model.get_layer("backbone"), trained=4)
    model.save(tmp_path / "model.keras")
    loaded = models.load(tmp_path / "model.keras").get_layer("backbone")
    flags = [layer.trainable for layer in model.get_layer("backbone").layers]
    # But for the input, which has nothing to train and no such flag in a file.
    assert [layer.trainable for layer in loaded.layers[1:]] == flags[1:]
    assert False in flags
