"""The networks with a backbone learn, save and load at their smallest size."""

import keras
import numpy as np
import pytest
from conftest import draw_faces
from keras.layers import BatchNormalization

from fer_utils import models, runs, settings, training
from fer_utils.errors import FerError
from fer_utils.models import backbones

pytestmark = pytest.mark.backend

SMALLEST = {
    "seed003_vgg16": 32,
    "seed004_vgg19": 32,
    "resnet50": 32,
    "senet50": 32,
    "mobilenet": 32,
    "inception_v3": 75,
}
NETWORKS = [
    pytest.param(name, side, marks=() if name == "mobilenet" else pytest.mark.slow)
    for name, side in SMALLEST.items()
]
JAX = keras.backend.backend() == "jax"
FOUR_LABELS = np.eye(7, dtype="float32")[[0, 1, 2, 3]]


def drawn(side):
    return np.random.default_rng(0).integers(0, 256, (4, side, side, 1), dtype=np.uint8)


def compiled(model):
    # Four images of one place in the last layers: only a bounded step keeps fifty in bounds.
    # Step by step TensorFlow has nothing to compile; what is compiled, training's tests show.
    model.compile("adam", "categorical_crossentropy", run_eagerly=not JAX)
    return model


def test_all_networks_with_a_backbone_are_tested():
    held = [name for name in models.list_models() if models.describe(name).backbone]
    assert held == sorted(SMALLEST)
    assert (models.resolve("v6"), models.resolve("v7")) == ("seed003_vgg16", "mobilenet")


@pytest.mark.parametrize(("name", "side"), NETWORKS)
def test_smallest_size_is_the_smallest(name, side):
    said = f"^{name} cannot take {side - 1}x{side - 1} pixels: its smallest size is {side}$"
    with pytest.raises(FerError, match=said):
        models.build(name, size=side - 1)


@pytest.mark.parametrize(("name", "side"), NETWORKS)
def test_learns_saves_and_loads(name, side, tmp_path):
    model = compiled(models.build(name, classes=7, size=side))
    x = drawn(side)
    before = model.get_layer("backbone").get_weights()
    assert np.isfinite(model.train_on_batch(x, FOUR_LABELS))
    after = model.get_layer("backbone").get_weights()
    assert all((a != b).any() for a, b in zip(after, before, strict=True) if a.ndim == 4)

    model.save(tmp_path / "model.keras")
    loaded = models.load(tmp_path / "model.keras", classes=7)
    said, again = (keras.ops.convert_to_numpy(m(x, training=False)) for m in (model, loaded))
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(again, said)


def test_only_what_is_not_frozen_learns():
    model = models.build("mobilenet", classes=7, size=32)
    network = model.get_layer("backbone")
    backbones.freeze(network, trained=6)
    before = [layer.get_weights() for layer in network.layers]
    compiled(model).train_on_batch(drawn(32), FOUR_LABELS)
    for i, (layer, weights) in enumerate(zip(network.layers, before, strict=True)):
        learns = i >= len(before) - 6 or isinstance(layer, BatchNormalization)
        changed = any((a != b).any() for a, b in zip(layer.get_weights(), weights, strict=True))
        assert changed == (learns and bool(weights)), layer.name


def test_a_fit_says_where_it_began(tmp_path):
    faces = draw_faces(40, side=32)
    profile = settings.Profile("test", rows=None, epochs=1, side_epochs=1, side_rows=None)
    place = settings.Settings("synthetic", None, profile, tmp_path, seed=0)
    fit = training.fit_or_restore("mobilenet", faces, place, models.recipe("mobilenet", batch=8))
    assert fit.metrics["start"] == "random start"
    assert runs.read_json(fit.folder / "metrics.json")["start"] == "random start"
