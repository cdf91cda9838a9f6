"""Batch normalisation by TensorFlow's kernel does what Keras's layer does."""

import keras
import numpy as np
import pytest

from fer_utils.training.fused import fuse

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow has the kernel"
)


def network(**options):
    keras.utils.set_random_seed(3)
    normal = keras.layers.BatchNormalization(momentum=0.9, **options)
    return keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.Conv2D(3, 3), normal, keras.layers.Flatten()]
    )


def images(n=8):
    return np.random.default_rng(0).normal(5, 3, (n, 4, 4, 2)).astype("float32")


def trained(model, seen):
    """Return the weights after two steps towards noise."""
    model.compile("sgd", "mse", jit_compile=False)
    wanted = np.random.default_rng(1).normal(size=(len(seen), 12)).astype("float32")
    for _ in range(2):
        model.train_on_batch(seen, wanted)
    return model.get_weights()


@pytest.mark.parametrize("n", [1, 8])
def test_a_training_is_the_same(n):
    plain, fused = network(), network()
    fuse(fused)
    for one, other in zip(trained(plain, images(n)), trained(fused, images(n)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_inference_and_frozen_layers_use_what_they_keep():
    model = network()
    before = np.array(model(images()))
    fuse(model)
    np.testing.assert_array_equal(np.array(model(images())), before)
    model.layers[1].trainable = False
    np.testing.assert_array_equal(np.array(model(images(), training=True)), before)


@pytest.mark.parametrize("options", [{"scale": False}, {"center": False}, {"axis": 1}])
def test_other_layers_are_left_to_keras(options):
    plain, fused = network(**options), network(**options)
    fuse(fused)
    for one, other in zip(trained(plain, images()), trained(fused, images()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_statistics_are_float32_where_activations_are_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    fuse(model)
    seen = images(256)
    out = model(seen, training=True)
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"
    inner = np.array(model.layers[0](seen), "float64")
    mean = 0.1 * inner.mean(axis=(0, 1, 2))
    np.testing.assert_allclose(np.array(model.layers[1].moving_mean), mean, rtol=1e-5)
