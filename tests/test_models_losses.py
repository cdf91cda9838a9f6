"""The SVM's loss on what a softmax gives."""

import keras
import numpy as np
import pytest

from fer_utils import models
from fer_utils.models import losses

pytestmark = pytest.mark.backend


def loss(targets, margins):
    """Return the loss of margins as the network's softmax shows them."""
    margins = np.asarray(margins, "float32")
    shown = np.exp(margins - margins.max(axis=1, keepdims=True))
    shown /= shown.sum(axis=1, keepdims=True)
    said = losses.l2_svm(np.asarray(targets, "float32"), keras.ops.convert_to_tensor(shown))
    return keras.ops.convert_to_numpy(said)


def test_it_is_the_squared_hinge_of_the_margins():
    # Margins that add up to 2 - 3, as perfect ones do: 1, -1, -1.
    margins = np.array([[1, -1, -1], [0.5, -1, -0.5], [-3, 3, -1], [-1, 2, -2]])
    targets = np.eye(3)[[0, 0, 1, 0]]
    signs = 2 * targets - 1
    expected = (np.maximum(0, 1 - signs * margins) ** 2).mean(axis=1)
    assert expected[0] == 0
    np.testing.assert_allclose(loss(targets, margins), expected, atol=1e-4)


def test_a_number_added_to_all_margins_changes_nothing():
    margins = np.random.default_rng(0).normal(size=(5, 7))
    targets = np.eye(7)[[0, 1, 2, 3, 4]]
    np.testing.assert_allclose(loss(targets, margins), loss(targets, margins + 4), rtol=1e-4)


def test_the_right_side_beats_the_wrong_one_and_nothing_overflows():
    far = np.array([[300.0, 0, 0], [0, 300, 0]])
    right, wrong = loss(np.eye(3)[[0, 0]], far)
    assert right == 0
    assert np.isfinite(wrong)
    assert wrong > 100


def test_any_network_with_a_softmax_learns_with_it(small_faces):
    keras.utils.set_random_seed(0)
    rows = small_faces.rows("train")
    x, y = small_faces.images[rows], small_faces.labels[rows]
    model = models.build("tiny", size=16)
    model.compile("adam", losses.get("l2_svm"))
    history = model.fit(x, np.eye(7)[y], batch_size=16, epochs=6, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_keras_names_stay_names():
    assert losses.get("categorical_crossentropy") == "categorical_crossentropy"
    assert losses.get("l2_svm") is losses.l2_svm
    used = {models.recipe(name).loss for name in models.list_models()}
    assert all(callable(keras.losses.get(losses.get(name))) for name in used)
