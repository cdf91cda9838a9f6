"""Every network: its weights, layers and recipe are the source's; it learns, saves and loads."""

import dataclasses
import functools
import json

import keras
import numpy as np
import pytest

from fer_utils import labels, models
from fer_utils.errors import FerError
from fer_utils.models import losses

pytestmark = pytest.mark.backend

# At the source's own size and classes; where the source tells no number, what its layers add
# up to.
COUNTS = {
    "seed000_v1": 62_025_224,
    "seed000_v2": 28_995_208,
    "seed000_v3": 6_795_016,
    "seed000_v3_1": 3_517_640,
    "seed000_v3_2": 3_379_304,
    "seed000_v4": 3_633_288,
    "seed000_v4_1": 1_716_104,
    "seed000_v5": 7_411_240,
    "seed000_v6": 6_998_440,
    "seed000_v7": 6_604_840,
    "seed000_v8": 1_143_976,
    "seed000_v9": 7_180_488,
    "jhamski": 1_212_392,
    "jh_v2": 999_912,
    "jh_v3": 283_176,
    "jh_v4": 293_640,
    "jh_v5": 263_944,
    "seed001_happy_sad": 47_634_410,
    "seed002_baseline": 856_103,
    "seed002_best": 6_416_487,
    "seed003_baseline_53": 37_821_927,
    "seed003_baseline_64": 2_437_355,
    "seed003_five_layer": 2_436_519,
    "mini_xception": 58_423,
}
OURS = {
    "compact",
    "five_layer_svm",
    "normalised_jhamski",
    "normalised_v3",
    "se_resnet",
    "seed001_fixed",
    "small",
    "tiny",
    "vgg_gap",
    "wide_short",
}
# What between them has every layer and loss: jax takes seconds to compile each, so the others
# are slow there.
KINDS = (
    "five_layer_svm",
    "jh_v5",
    "mini_xception",
    "se_resnet",
    "seed001_happy_sad",
    "seed002_best",
)
JAX = keras.backend.backend() == "jax"
LIGHT = sorted({*COUNTS, *OURS})  # what v6 and v7 transfer from has tests of its own


def slow_on_jax(name):
    return pytest.param(name, marks=pytest.mark.slow if JAX and name not in KINDS else ())


@functools.cache
def smallest(name):
    """Return the smallest side the network takes, as its own message has it."""
    with pytest.raises(FerError, match="its smallest size is") as caught:
        models.build(name, classes=7, size=1)
    return int(str(caught.value).rsplit(" ", 1)[1])


def described(name, *args, **options):
    """Return the network with its weights described, not drawn: some would fill a gigabyte."""
    with keras.StatelessScope(initialize_variables=False):
        return models.build(name, *args, **options)


def module_of(name):
    return models.describe(name).network.__module__


def of_type(model, kind):
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def test_every_light_network_is_tested():
    heavy = {n for n in models.list_models() if module_of(n).endswith((".v6", ".v7"))}
    assert set(models.list_models()) - heavy <= set(LIGHT)


@pytest.mark.parametrize("name", COUNTS)
def test_weights_at_the_sources_size(name):
    model = described(name)
    assert model.count_params() == COUNTS[name]
    assert model.output_shape == (None, len(models.describe(name).classes))


def test_seed002_has_its_weights_at_the_size_without_crops_too():
    assert described("seed002_best", size=(32, 25)).count_params() == 911_463


@pytest.mark.parametrize("name", [slow_on_jax(name) for name in LIGHT])
def test_learns_saves_and_loads(name, tmp_path):
    side = smallest(name)
    model = models.build(name, classes=7, size=side)
    x = np.random.default_rng(0).integers(0, 256, (4, side, side), dtype=np.uint8)
    # Step by step TensorFlow has nothing to compile; what is compiled, training's tests show.
    model.compile("sgd", losses.get(models.recipe(name).loss), run_eagerly=not JAX)
    before = model.get_weights()
    loss = model.train_on_batch(x, np.eye(7, dtype="float32")[[0, 1, 2, 3]])
    assert np.isfinite(loss)
    assert any((a != b).any() for a, b in zip(model.get_weights(), before, strict=True))

    model.save(tmp_path / "model.keras")
    loaded = models.load(tmp_path / "model.keras", classes=7)
    said, again = (keras.ops.convert_to_numpy(m(x, training=False)) for m in (model, loaded))
    assert said.shape == (4, 7)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(again, said)


@pytest.mark.parametrize("name", LIGHT)
def test_smallest_size_is_the_smallest(name):
    side = smallest(name)
    assert described(name, classes=7, size=side).input_shape == (None, side, side, 1)
    with pytest.raises(FerError, match=rf"^{name} cannot take {side - 1}x{side - 1} pixels"):
        models.build(name, classes=7, size=side - 1)


@pytest.mark.parametrize("name", LIGHT)
def test_says_where_it_comes_from_and_how_it_is_trained(name):
    entry = models.describe(name)
    assert entry.source.startswith(("seed 00", "O. Arriaga") if name in COUNTS else "ours")
    assert len(entry.classes) in (2, 7, 8)
    assert entry.network.__doc__
    recipe = entry.recipe
    assert recipe.epochs > 0
    assert recipe.schedule in ("constant", "cosine", "inverse_time", "plateau")
    assert (recipe.decay > 0) == (recipe.schedule == "inverse_time")
    assert json.loads(json.dumps(dataclasses.asdict(recipe))) == dataclasses.asdict(recipe)
    assert keras.optimizers.get(
        {"class_name": recipe.optimizer, "config": recipe.optimizer_options}
    )


def test_what_fer2013_is_trained_with_takes_its_48_pixels():
    too_large = {n for n in LIGHT if smallest(n) > 48}
    assert too_large == {"jh_v3", "seed000_v4", "seed000_v4_1"}
    assert not too_large & {models.resolve(f"v{i}") for i in (1, 2, 3, 4, 5, 8)}


def test_normalisation_adds_only_its_own_weights():
    plain, normal = (described(n, 7, size=64) for n in ("seed000_v3", "normalised_v3"))
    # Four numbers a filter: scale, offset, running mean and variance.
    assert normal.count_params() - plain.count_params() == 4 * (32 + 64 + 128 + 128)
    assert len(of_type(normal, "BatchNormalization")) == 4
    plain, normal = (described(n, 7, size=48) for n in ("jhamski", "normalised_jhamski"))
    assert normal.count_params() - plain.count_params() == 4 * (32 + 32 + 64)


def test_kernels_narrow_towards_jh_v5():
    for name, kernels in (("jh_v2", [5, 5, 5]), ("jh_v4", [8, 4, 2, 1]), ("jh_v5", [8, 5, 3, 2])):
        convolutions = of_type(described(name), "Conv2D")
        assert [layer.kernel_size for layer in convolutions] == [(k, k) for k in kernels]
        assert models.recipe(name).loss == "binary_crossentropy"
    assert [layer.rate for layer in of_type(described("jh_v5"), "Dropout")] == [0]


def test_seed001_is_mended_with_fewer_weights():
    own, ours = (described(n, 2, size=48) for n in ("seed001_happy_sad", "seed001_fixed"))
    assert own.get_layer(index=4).negative_slope == 0.5
    assert ours.count_params() < own.count_params() / 3
    assert of_type(ours, "BatchNormalization")
    assert of_type(ours, "GlobalAveragePooling2D")
    assert models.recipe("seed001_happy_sad").keep == "best"
    assert models.recipe("seed001_fixed").augmentation != "none"
    assert models.recipe("seed001_fixed").keep == "last"


def test_the_search_changed_activations_and_a_width():
    base, best = (described(n, size=(32, 25)) for n in ("seed002_baseline", "seed002_best"))
    told = [
        [layer.activation.__name__ for layer in of_type(m, "Conv2D") + of_type(m, "Dense")]
        for m in (base, best)
    ]
    assert told[0] == ["relu"] * 5 + ["softmax"]
    assert told[1] == ["elu", "tanh", "tanh", "tanh", "elu", "softmax"]
    assert [layer.filters for layer in of_type(best, "Conv2D")] == [32, 32, 128, 64]
    assert best.get_layer("colour").output.shape[1:] == (32, 25, 3)


def test_an_svm_differs_in_its_loss_and_the_size_of_its_last_weights():
    softmax, svm = (described(n) for n in ("seed003_five_layer", "five_layer_svm"))
    assert softmax.count_params() == svm.count_params()
    assert [len(model.losses) for model in (softmax, svm)] == [0, 1]
    a, b = (models.recipe(n) for n in ("seed003_five_layer", "five_layer_svm"))
    assert dataclasses.replace(a, loss="l2_svm", learning_rate=b.learning_rate) == b


def test_mini_xception_sees_both_signs():
    model = described("mini_xception")
    signs = model.get_layer("both_signs")(np.array([[0.0, 0.5, 1.0]], "float32"))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(signs), [[-1, 0, 1]])
    assert model.layers.index(model.get_layer("both_signs")) == 2  # behind the image and 0-1
    assert len(model.losses) == 2


def test_versions_settle_on_these():
    settled = {f"v{i}": models.resolve(f"v{i}") for i in (1, 2, 3, 4, 5, 8)}
    assert settled == {
        "v1": "jhamski",
        "v2": "jh_v5",
        "v3": "seed001_fixed",
        "v4": "seed002_best",
        "v5": "seed003_five_layer",
        "v8": "vgg_gap",
    }
    assert models.describe("v4").classes == labels.CKPLUS


def test_multiplications_by_hand():
    network = models.build("tiny", classes=7, size=20)  # 3x3 to 8, pooled, 3x3 to 16, pooled
    wanted = 18 * 18 * 9 * 8 + 7 * 7 * 9 * 8 * 16 + 16 * 7
    assert models.multiplications(network) == wanted


def test_multiplications_of_a_network_in_a_network():
    # Howard et al. 2017 (https://arxiv.org/abs/1704.04861) give MobileNet 569 million with its
    # own head of a million.
    network = models.build("mobilenet")
    head = 1024 * 4096 + 4096 * 1024 + 1024 * 7
    assert models.multiplications(network) == pytest.approx(568e6 + head, rel=1e-3)
