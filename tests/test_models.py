import functools

import keras
import numpy as np
import pytest

from fer_utils import models
from fer_utils.errors import FerError
from fer_utils.models import registry

pytestmark = pytest.mark.backend

SOURCE_COUNTS = {
    "seed000_v1": 62_025_224,
    "seed000_v2": 28_995_208,
    "seed000_v3": 6_795_016,
    "seed000_v4": 3_633_288,
    "jhamski": 1_212_392,
}


@functools.cache
def smallest(name):
    """Return the smallest side the network takes, as its own message has it."""
    with pytest.raises(FerError, match="its smallest size is") as caught:
        models.build(name, classes=7, size=1)
    return int(str(caught.value).rsplit(" ", 1)[1])


def images(n, *shape):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("name", SOURCE_COUNTS)
def test_parameters_at_the_sources_size(name):
    # Weights are described, not drawn: those of all five would fill half a gigabyte.
    with keras.StatelessScope(initialize_variables=False):
        model = models.build(name)
    assert model.count_params() == SOURCE_COUNTS[name]
    assert model.output_shape == (None, 8)


def test_normalisation_adds_only_its_own_weights():
    with keras.StatelessScope(initialize_variables=False):
        plain, normal = (models.build(n, 7, size=64) for n in ("seed000_v3", "normalised_v3"))
    # Four numbers a filter: scale, offset, running mean and variance.
    assert normal.count_params() - plain.count_params() == 4 * (32 + 64 + 128 + 128)
    assert sum(isinstance(x, keras.layers.BatchNormalization) for x in normal.layers) == 4
    with keras.StatelessScope(initialize_variables=False):
        plain, normal = (models.build(n, 7, size=48) for n in ("jhamski", "normalised_jhamski"))
    assert normal.count_params() - plain.count_params() == 4 * (32 + 32 + 64)


@pytest.mark.parametrize("name", models.list_models())
def test_builds_learns_saves_and_loads(name, tmp_path):
    side = smallest(name)
    model = models.build(name, classes=7, size=side)
    x = images(4, side, side)
    model.compile("sgd", models.recipe(name).loss)
    before = model.get_weights()
    loss = model.train_on_batch(x, np.eye(7, dtype="float32")[[0, 1, 2, 3]])
    assert np.isfinite(loss)
    assert any((a != b).any() for a, b in zip(model.get_weights(), before, strict=True))

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    said, again = (keras.ops.convert_to_numpy(m(x, training=False)) for m in (model, loaded))
    assert said.shape == (4, 7)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(again, said)


@pytest.mark.parametrize("name", models.list_models())
def test_smallest_size_is_the_smallest(name):
    side = smallest(name)
    assert models.build(name, classes=7, size=side).input_shape == (None, side, side, 1)
    with pytest.raises(FerError, match=rf"^{name} cannot take {side - 1}x{side - 1} pixels"):
        models.build(name, classes=7, size=side - 1)


@pytest.mark.parametrize("name", models.list_models())
def test_every_network_says_where_it_comes_from(name):
    entry = models.describe(name)
    assert entry.source
    assert len(entry.classes) in (7, 8)
    assert entry.recipe.epochs > 0
    assert entry.network.__doc__


def test_colour_becomes_grey():
    keras.utils.set_random_seed(0)
    colour = models.build("tiny", input_shape=(20, 20, 3), size=20)
    keras.utils.set_random_seed(0)
    grey = models.build("tiny", input_shape=(20, 20), size=20)
    assert colour.input_shape == (None, 20, 20, 3)
    assert colour.count_params() == grey.count_params()
    x = images(3, 20, 20, 1)
    np.testing.assert_allclose(
        colour.predict(np.repeat(x, 3, axis=-1), verbose=0), grey.predict(x, verbose=0), atol=1e-3
    )


def test_resizing_is_inside_the_model():
    keras.utils.set_random_seed(0)
    model = models.build("tiny", input_shape=(30, 40), size=20)
    keras.utils.set_random_seed(0)
    plain = models.build("tiny", size=20)
    assert model.input_shape == (None, 30, 40, 1)
    assert model.get_layer("resize").output.shape[1:] == (20, 20, 1)
    assert "resize" not in [layer.name for layer in plain.layers]
    flat = np.full((1, 30, 40, 1), 90, np.uint8)  # a flat image stays flat at any size
    np.testing.assert_allclose(
        model.predict(flat, verbose=0), plain.predict(flat[:, :20, :20], verbose=0), atol=1e-5
    )


def test_pixels_enter_as_they_are():
    model = models.build("tiny", size=20)
    scaled = keras.Model(model.input, model.get_layer("unit_range").output)
    out = scaled.predict(np.full((1, 20, 20, 1), 255, np.uint8), verbose=0)
    np.testing.assert_allclose(out, 1, atol=1e-6)


def test_defaults_are_the_sources():
    model = models.build("tiny")
    assert model.input_shape == (None, 48, 48, 1)
    assert model.output_shape == (None, 7)
    assert models.build("tiny", classes=("a", "b", "c"), size=20).output_shape == (None, 3)


def test_a_version_is_the_network_its_notebook_settles_on():
    assert models.resolve("v1") == "jhamski"
    assert models.resolve("tiny") == "tiny"
    assert models.build("v1", classes=7, size=48).name == "jhamski"
    assert models.recipe("v1") == models.recipe("jhamski")


def test_names_are_sorted_and_match_patterns():
    assert models.list_models() == sorted(models.list_models())
    assert models.list_models("seed000_*") == [f"seed000_v{i}" for i in range(1, 5)]
    assert models.list_models("nothing*") == []


@pytest.mark.parametrize("ask", [models.build, models.recipe, models.resolve, models.describe])
def test_an_unknown_name_suggests_the_nearest(ask):
    with pytest.raises(FerError, match="no model 'jhamsky': did you mean 'jhamski'?"):
        ask("jhamsky")
    with pytest.raises(FerError, match="no model 'zzz': there are jhamski, "):
        ask("zzz")


def test_a_name_is_entered_once():
    entry = models.describe("tiny")
    enter = registry.register(
        source="again", size=48, classes=entry.classes, recipe=entry.recipe, version="v1"
    )
    with pytest.raises(ValueError, match="tiny is registered twice"):
        enter(entry.network)
    assert models.describe("tiny") is entry
    assert models.resolve("v1") == "jhamski"


def test_recipe_overrides_what_is_named_and_nothing_else():
    own = models.recipe("jhamski")
    changed = models.recipe("jhamski", epochs=3, schedule="cosine")
    assert (changed.epochs, changed.schedule) == (3, "cosine")
    assert models.recipe("jhamski", epochs=own.epochs) == own
    assert models.recipe("jhamski", epochs=3) == models.recipe("v1", epochs=3)
    assert models.recipe("jhamski") == own
    with pytest.raises(TypeError):
        models.recipe("jhamski", epoch=3)
