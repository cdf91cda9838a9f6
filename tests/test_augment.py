import keras
import numpy as np
import pytest

from fer_utils.augment import layers
from fer_utils.errors import FerError

pytestmark = pytest.mark.backend

PRESETS = ("none", "flip")


@pytest.fixture
def batch():
    return np.random.default_rng(0).integers(0, 256, (64, 12, 12, 1)).astype("float32")


def apply(name, batch, seed=0, training=True):
    for layer in layers.preset(name, seed):
        batch = layer(batch, training=training)
    return keras.ops.convert_to_numpy(batch)


@pytest.mark.parametrize("name", PRESETS)
def test_identity_at_inference(name, batch):
    np.testing.assert_array_equal(apply(name, batch, training=False), batch)


@pytest.mark.parametrize("name", PRESETS)
def test_draws_follow_from_the_seed(name, batch):
    np.testing.assert_array_equal(apply(name, batch, seed=3), apply(name, batch, seed=3))


def test_another_seed_draws_otherwise(batch):
    assert (apply("flip", batch, seed=1) != apply("flip", batch, seed=2)).any()


def test_the_next_batch_is_drawn_anew(batch):
    (layer,) = layers.preset("flip", 0)
    first, second = (keras.ops.convert_to_numpy(layer(batch, training=True)) for _ in range(2))
    assert (first != second).any()


def test_flip_mirrors_some_and_leaves_the_others(batch):
    out = apply("flip", batch)
    mirrored = (out == batch[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (out == batch).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 10 < mirrored.sum() < 54


def test_none_has_no_layers():
    assert layers.preset("none") == []


def test_an_unknown_preset_lists_those_there_are():
    with pytest.raises(FerError, match="no augmentation 'flop': there are none, flip"):
        layers.preset("flop")
