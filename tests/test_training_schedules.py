"""Learning rates by step: where they begin, how they rise and fall, what is refused."""

import math

import keras
import numpy as np
import pytest
from conftest import draw_faces
from test_training import interrupt, made_settings, same

from fer_utils import models, training
from fer_utils.errors import FerError
from fer_utils.models import losses
from fer_utils.training.optimizers import optimizer

pytestmark = pytest.mark.backend

STEPS = 40


def rates(steps=STEPS, **changes):
    """Return the rate at each step, and the one that would come after the last."""
    recipe = models.Recipe("sgd", learning_rate=0.5, **changes)
    made = optimizer(recipe, steps)
    told = []
    for step in range(steps + 1):
        made.iterations.assign(step)
        told.append(float(keras.ops.convert_to_numpy(made.learning_rate)))
    return told


def cosine(share):
    return 0.25 * (1 + math.cos(math.pi * share))


def test_a_cosine_without_warm_up_is_what_it_was():
    np.testing.assert_allclose(
        rates(schedule="cosine"), [cosine(i / STEPS) for i in range(STEPS + 1)], atol=1e-6
    )


def test_a_cosine_warms_up_and_takes_the_steps_that_are_left():
    told = rates(schedule="cosine", warm_up=0.25)
    np.testing.assert_allclose(told[:11], np.linspace(0, 0.5, 11), atol=1e-6)
    np.testing.assert_allclose(told[10:], [cosine(i / 30) for i in range(31)], atol=1e-6)
    assert (told[0], told[25]) == (0, pytest.approx(0.25))


def test_a_constant_rate_warms_up_and_stays():
    told = rates(warm_up=0.25)
    np.testing.assert_allclose(told[:11], np.linspace(0, 0.5, 11), atol=1e-6)
    np.testing.assert_allclose(told[10:], 0.5, atol=1e-6)
    assert rates() == [0.5] * (STEPS + 1)


def test_linear_falls_to_zero_in_a_line():
    np.testing.assert_allclose(rates(schedule="linear"), np.linspace(0.5, 0, STEPS + 1), atol=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_step_is_left_after_the_warm_up(schedule):
    assert rates(steps=3, schedule=schedule, warm_up=0.99)[2] == pytest.approx(0.5)
    assert rates(steps=1, schedule=schedule, warm_up=0.99)[0] == 0.5, "the only step is not zero"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"warm_up": 1.0}, "warm_up is a share of the steps, 0 to below 1, .* not 1.0"),
        ({"warm_up": -0.1}, "warm_up is a share .* not -0.1"),
        ({"warm_up": math.nan}, "warm_up is a share .* not nan"),
        ({"warm_up": 0.1, "schedule": "plateau"}, "no warm_up with schedule 'plateau': write"),
        ({"warm_up": 0.1, "schedule": "inverse_time"}, "no warm_up with schedule 'inverse_time'"),
        ({"warm_up": 0.1, "schedule": "linear"}, "no warm_up with schedule 'linear'"),
        ({"warm_up": 2, "schedule": "cosin"}, "no schedule 'cosin': there are .* linear"),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(FerError, match=said):
        rates(**changes)


def test_a_rising_rate_goes_on_where_a_fit_continues(tmp_path, monkeypatch):
    dataset = draw_faces(80, side=16)
    recipe = models.Recipe("adam", 0.01, batch=16, epochs=4, schedule="cosine", warm_up=0.5)

    def fitted(folder):
        return training.fit_or_restore("tiny", dataset, made_settings(folder), recipe)

    whole = fitted(tmp_path / "whole")
    np.testing.assert_allclose(whole.history["learning_rate"], [0, 0.005, 0.01, 0.005], atol=1e-6)
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=1)
        with pytest.raises(KeyboardInterrupt):
            fitted(tmp_path / "parts")
    same(fitted(tmp_path / "parts"), whole)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 0}, "epochs is a number from 1 on: not 0"),
        ({"batch": 0}, "batch is a number from 1 on"),
        ({"learning_rate": math.nan}, "learning_rate is a number above 0: not nan"),
        ({"label_smoothing": 1.5}, "label_smoothing is a share, 0 to below 1: not 1.5"),
        ({"patience": -1}, "patience is 0 or more: not -1"),
    ],
)
def test_a_recipe_out_of_range_is_refused(change, said):
    with pytest.raises(FerError, match=said):
        models.recipe("tiny", **change)


def test_an_unknown_loss_is_refused():
    with pytest.raises(FerError, match="no loss 'nope': write l2_svm, or Keras's name"):
        losses.get("nope")


def test_only_images_as_they_are_can_be_asked_about(faces):
    network = models.build("tiny", faces.classes, (48, 48), 24)
    with pytest.raises(FerError, match="give them as they are, 0 to 255"):
        training.predict(network, faces.images[:3] / 255)
    with pytest.raises(FerError, match=r"shape \(48, 48\).*image\[None\]"):
        training.predict(network, faces.images[0])
