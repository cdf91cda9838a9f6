import dataclasses
import json

import keras
import numpy as np
import pytest

from fer_utils import models
from fer_utils.errors import FerError
from fer_utils.models import registry

pytestmark = pytest.mark.backend


def images(n, *shape):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


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


def test_grey_becomes_colour_where_the_source_saw_colour():
    with keras.StatelessScope(initialize_variables=False):
        models_of = [models.build("seed002_best", 7, (32, 25, c), (32, 25)) for c in (1, 3)]
    assert models_of[0].count_params() == models_of[1].count_params()
    assert "colour" not in [layer.name for layer in models_of[1].layers]
    three = keras.Model(models_of[0].input, models_of[0].get_layer("colour").output)
    x = images(2, 32, 25, 1)
    said = three.predict(x, verbose=0)
    np.testing.assert_allclose(said, np.repeat(x / 255, 3, axis=-1), atol=1e-6)


@pytest.mark.parametrize("size", [(20, 28), [20, 28], np.array([20, 28])])
def test_a_size_may_be_a_pair(size):
    model = models.build("tiny", input_shape=(40, 40), size=size)
    assert model.get_layer("resize").output.shape[1:] == (20, 28, 1)


@pytest.mark.parametrize("size", ["48", 0, 4.5, (1, 2, 3)])
def test_a_size_is_a_number_of_pixels(size):
    with pytest.raises(FerError, match="is not a number of pixels"):
        models.build("tiny", size=size)


@pytest.mark.parametrize("size", [(5, 200), (200, 5)])
def test_a_pair_too_small_on_one_side_says_the_smallest(size):
    said = f"cannot take {size[0]}x{size[1]} pixels: its smallest size is 47"
    with pytest.raises(FerError, match=said):
        models.build("jh_v5", size=size)


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
    changes = {"batch": 32, "epochs": 30, "augmentation": "flip", "schedule": "cosine"}
    assert models.recipe("v1") == models.recipe("jhamski", **changes, precision="auto")
    assert models.recipe("v1", epochs=2).epochs == 2
    assert models.recipe("jhamski").batch == 200
    with pytest.raises(ValueError, match="v1 is settled twice"):
        registry.settle("v1", "tiny")


def test_names_are_sorted_and_match_patterns():
    assert models.list_models() == sorted(models.list_models())
    assert models.list_models("jh_*") == [f"jh_v{i}" for i in range(2, 6)]
    assert models.list_models("nothing*") == []


@pytest.mark.parametrize("ask", [models.build, models.recipe, models.resolve, models.describe])
def test_an_unknown_name_suggests_the_nearest(ask):
    with pytest.raises(FerError, match="no model 'jhamsky': did you mean 'jhamski'?"):
        ask("jhamsky")
    with pytest.raises(FerError, match="no model 'zzz': there are .*jhamski, "):
        ask("zzz")


def test_a_name_is_entered_once():
    entry = models.describe("tiny")
    enter = registry.register(source="again", size=48, classes=entry.classes, recipe=entry.recipe)
    with pytest.raises(ValueError, match="tiny is registered twice"):
        enter(entry.network)
    assert models.describe("tiny") is entry
    assert models.resolve("v1") == "jhamski"


def test_a_recipe_survives_a_file():
    recipe = models.recipe("tiny", optimizer_options={"momentum": 0.9, "nesterov": True})
    told = dataclasses.asdict(recipe)
    assert json.loads(json.dumps(told)) == told
    assert models.Recipe(**told) == recipe
    assert models.recipe("tiny").optimizer_options == {}


def test_recipe_overrides_what_is_named_and_nothing_else():
    own = models.recipe("jhamski")
    changed = models.recipe("jhamski", epochs=3, schedule="cosine")
    assert (changed.epochs, changed.schedule) == (3, "cosine")
    assert models.recipe("jhamski", epochs=own.epochs) == own
    assert models.recipe("jhamski") == own
    with pytest.raises(TypeError):
        models.recipe("jhamski", epoch=3)


@pytest.mark.parametrize("classes", [0, 1, (), ("happy",)])
def test_fewer_than_two_classes(classes):
    with pytest.raises(FerError, match="a network tells at least two classes apart, not [01]"):
        models.build("jhamski", classes=classes, size=48)


def test_an_input_shape_that_is_none():
    with pytest.raises(FerError, match=r"input_shape is \(height, width\) or with channels"):
        models.build("jhamski", classes=7, size=48, input_shape=(48,))
