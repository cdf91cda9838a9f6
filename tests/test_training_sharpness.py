"""Sharpness-aware steps, against the formula and against plain ones."""

import dataclasses

import keras
import numpy as np
import pytest
from conftest import draw_faces
from keras import layers, ops
from test_training import interrupt, made_settings, same

from fer_utils import models, training
from fer_utils.augment import layers as augment
from fer_utils.errors import FerError
from fer_utils.training.sharpness import sharpen

pytestmark = pytest.mark.backend

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (8, 6, 6, 1)).astype("float32")
TARGETS = np.eye(3, dtype="float32")[RNG.integers(0, 3, 8)]
COUNTS = np.linspace(0.5, 1.5, 8).astype("float32")
RECIPE = models.Recipe(
    "adam", learning_rate=0.01, batch=16, epochs=3, augmentation="flip", sharpness=0.05
)


def linear_loss(targets, answers):
    """Have gradients that do not depend on the last layer's weights."""
    return ops.mean(answers * targets, axis=-1)


def network(*inner, activation="softmax"):
    keras.utils.set_random_seed(0)
    last = layers.Dense(3, activation)
    scaled = layers.Rescaling(1 / 255)
    return keras.Sequential([keras.Input((6, 6, 1)), scaled, *inner, layers.Flatten(), last])


def compiled(model, radius=0.0, rate=0.5, **options):
    options = {"optimizer": keras.optimizers.SGD(rate), "jit_compile": "auto"} | options
    model.compile(**{"loss": "categorical_crossentropy", "metrics": ["accuracy"]} | options)
    sharpen(model, radius)
    return model


def step(model, counts=None):
    """Return the logs of one step."""
    return model.train_on_batch(IMAGES, TARGETS, sample_weight=counts, return_dict=True)


def values(variables):
    return [ops.convert_to_numpy(variable) for variable in variables]


def assert_equal(one, other, **tolerance):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def slope(kernel, bias, counts):
    """Return the gradients of softmax regression, by hand."""
    x = IMAGES.reshape(8, -1).astype("float64") / 255
    scores = np.exp(x @ kernel + bias)
    off = (scores / scores.sum(axis=1, keepdims=True) - TARGETS) * counts[:, None] / 8
    return x.T @ off, off.sum(axis=0)


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("counts", [None, COUNTS])
def test_a_step_is_the_formulas(jit, counts):
    model = compiled(network(), radius=0.3, jit_compile=jit)
    weights = [value.astype("float64") for value in model.get_weights()]
    for _ in range(2):
        step(model, counts)
        n = np.ones(8) if counts is None else counts
        first = slope(*weights, n)
        norm = np.sqrt(sum((g**2).sum() for g in first))
        uphill = slope(*(w + 0.3 * g / norm for w, g in zip(weights, first, strict=True)), n)
        weights = [w - 0.5 * g for w, g in zip(weights, uphill, strict=True)]
    assert_equal(model.get_weights(), weights, atol=1e-5)
    plain = slope(*weights, np.ones(8))
    assert np.abs(plain[0] - uphill[0]).max() > 1e-3


def test_without_sharpness_steps_are_keras_own():
    model = network()
    before = model.train_step
    sharpen(model, 0.0)
    assert model.train_step == before
    one, other = compiled(network()), compiled(network(), radius=1e-6)
    for _ in range(3):
        ours, theirs = step(one), step(other)
        assert ours == pytest.approx(theirs, abs=1e-5)
    assert_equal(one.get_weights(), other.get_weights(), atol=1e-5)


def test_the_logs_are_those_of_the_first_pass():
    one, other = compiled(network()), compiled(network(), radius=1.0)
    assert step(one, COUNTS) == pytest.approx(step(other, COUNTS), abs=1e-6)


@pytest.mark.parametrize("preset", ["flip", "modern"])
def test_both_passes_see_the_same_draws(preset):
    """Where gradients follow from the draws alone, a step uphill changes none of them."""
    ended = []
    for radius in (0.0, 5.0):
        plain = network(layers.Dropout(0.5, seed=1), activation=None)
        model = augment.in_front(plain, preset, seed=3)
        compiled(model, radius, loss=linear_loss, metrics=[])
        told = [step(model)["loss"] for _ in range(2)]
        ended.append([told, *plain.get_weights(), *values(model.non_trainable_variables)])
    assert_equal(*ended, rtol=1e-4, atol=1e-5)


def test_statistics_are_updated_once_and_by_the_first_pass():
    ended = []
    for radius in (0.0, 5.0):
        inner = [layers.Conv2D(2, 3), layers.BatchNormalization(momentum=0.5)]
        model = compiled(network(*inner), radius, rate=0.0)
        step(model)
        ended.append([model.layers[2].moving_mean, model.layers[2].moving_variance])
    assert_equal(*(values(told) for told in ended), atol=1e-6)
    assert np.abs(values(ended[0])[0]).max() > 1e-3


def test_a_frozen_layer_neither_moves_nor_counts():
    ended = []
    for scale in (1.0, 0.0):
        model = network(layers.Dense(1, use_bias=False, kernel_initializer="ones"))
        model.layers[1].trainable = False
        if scale == 0:  # the same network without that layer
            model, weights = network(), model.get_weights()[1:]
            model.set_weights(weights)
        compiled(model, radius=0.3)
        step(model)
        ended.append(model.get_weights()[-2:])
    assert_equal(*ended, atol=1e-6)


def test_a_regularised_weight_counts_in_both_passes():
    ended = []
    for radius in (0.0, 0.5):
        model = network()
        model.layers[-1].kernel_regularizer = keras.regularizers.L2(0.1)
        model.layers[-1].kernel.regularizer = keras.regularizers.L2(0.1)
        kernel, _ = model.get_weights()
        compiled(model, radius, loss=lambda t, p: ops.mean(p * 0, axis=-1), metrics=[])
        told = step(model)["loss"]
        assert told == pytest.approx(0.1 * (kernel**2).sum(), rel=1e-4)
        # The gradient is 0.2 w: uphill it is longer by 0.2 times the radius.
        longer = 1 + radius / np.sqrt((kernel**2).sum())
        ended.append(model.get_weights()[0] - kernel * (1 - 0.5 * 0.2 * longer))
    assert_equal(ended, [0, 0], atol=1e-6)


def test_a_loss_too_large_for_float16_leaves_the_step_out():
    keras.utils.set_random_seed(0)
    dense = layers.Dense(3, "softmax", dtype="mixed_float16")
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Rescaling(1 / 255), layers.Flatten()])
    model.add(dense)
    before = model.get_weights()
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5), initial_scale=2.0**40)
    compiled(model, radius=0.3, optimizer=scaled)
    step(model)
    assert_equal(model.get_weights(), before)
    assert float(ops.convert_to_numpy(scaled.dynamic_scale)) == 2.0**39
    scaled.dynamic_scale.assign(2.0**8)
    step(model)
    first = slope(*before, np.ones(8))
    norm = np.sqrt(sum((g**2).sum() for g in first))
    uphill = slope(*(w + 0.3 * g / norm for w, g in zip(before, first, strict=True)), np.ones(8))
    wanted = [w - 0.5 * g for w, g in zip(before, uphill, strict=True)]
    assert_equal(model.get_weights(), wanted, atol=5e-3)


@pytest.mark.parametrize("radius", [-0.1, float("inf"), float("nan")])
def test_a_radius_that_cannot_be(radius):
    with pytest.raises(FerError, match="sharpness is a radius, 0 or above, for example 0.05: not"):
        sharpen(network(), radius)


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(100, side=16)


def fitted(dataset, folder, **changes):
    recipe = dataclasses.replace(RECIPE, **changes)
    return training.fit_or_restore("tiny", dataset, made_settings(folder), recipe)


def test_a_fit_continues(dataset, tmp_path, monkeypatch):
    changes = {"average": 0.9, "class_weights": "balanced"}
    whole = fitted(dataset, tmp_path / "whole", **changes)
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=1)
        with pytest.raises(KeyboardInterrupt):
            fitted(dataset, tmp_path / "parts", **changes)
    same(fitted(dataset, tmp_path / "parts", **changes), whole)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_fit_in_low_precision(precision, dataset, tmp_path):
    told = fitted(dataset, tmp_path, precision=precision, epochs=1)
    assert np.isfinite(told.history["loss"]).all()
    assert np.isfinite(told.predictions["probabilities"]).all()
