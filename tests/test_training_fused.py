"""Batch normalisation by TensorFlow's kernel does what Keras's layer does."""

import keras
import numpy as np
import pytest
from test_training import made_settings

from fer_utils import models, training
from fer_utils.training import averaging
from fer_utils.training.fused import fuse

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow" or bool(keras.distribution.list_devices("gpu")),
    reason="only TensorFlow has the kernel, and XLA fuses as well on a GPU",
)


def network(**options):
    keras.utils.set_random_seed(3)
    normal = keras.layers.BatchNormalization(momentum=0.9, **options)
    return keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.Conv2D(3, 3), normal, keras.layers.Flatten()]
    )


def images(n=8):
    return np.random.default_rng(0).normal(5, 3, (n, 4, 4, 2)).astype("float32")


@pytest.fixture
def kernels(monkeypatch):
    """Return the list of the shapes that the kernel is asked about."""
    import tensorflow as tf

    asked, kernel = [], tf.raw_ops.FusedBatchNormV3

    def spy(x, **options):
        asked.append(tuple(x.shape))
        return kernel(x=x, **options)

    monkeypatch.setattr(tf.raw_ops, "FusedBatchNormV3", spy)
    return asked


def trained(model, seen):
    """Return the weights after two steps towards noise."""
    model.compile("sgd", "mse", jit_compile=False)
    wanted = np.random.default_rng(1).normal(size=(len(seen), 12)).astype("float32")
    for _ in range(2):
        model.train_on_batch(seen, wanted)
    return model.get_weights()


@pytest.mark.parametrize("n", [1, 8])
def test_a_training_is_the_same(kernels, n):
    plain, fused = network(), network()
    fuse(fused)
    for one, other in zip(trained(plain, images(n)), trained(fused, images(n)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert kernels


def test_settled_statistics_are_the_same():
    plain, fused = network(), network()
    fuse(fused)
    for model in (plain, fused):
        averaging.settle(model, [images(), images()[::-1] + 3])
    for one, other in zip(plain.get_weights(), fused.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "float32"])
def test_fits_in_bfloat16_use_it_on_a_cpu(kernels, tmp_path, small_faces, precision):
    recipe = models.recipe("compact", epochs=1, precision=precision, sharpness=0.05)
    training.fit_or_restore("compact", small_faces, made_settings(tmp_path), recipe)
    assert bool(kernels) == (precision == "mixed_bfloat16")


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
