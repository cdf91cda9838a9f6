"""Histograms of oriented gradients with a linear SVM."""

import numpy as np
import pytest

from fer_utils.errors import FerError
from fer_utils.models.hog import HogSvm, hog_features


@pytest.fixture(scope="module")
def parts(faces):
    rows = faces.rows("train"), faces.rows("valid")
    return [(faces.images[part], faces.labels[part]) for part in rows]


def test_features_count_directions():
    steps = np.zeros((2, 16, 16), np.uint8)
    steps[0, :, 8:] = 200  # a vertical edge
    steps[1, 8:] = 200  # a horizontal one
    features = hog_features(steps, size=16, cell=8)
    assert features.shape == (2, 2 * 2 * 8)
    assert features.dtype == np.float32
    edges = features.reshape(2, 4, 8).sum(axis=1).argmax(axis=1)
    assert abs(edges[0] - edges[1]) == 4  # a quarter turn: four of eight directions


def test_features_ignore_light_and_take_any_shape():
    image = np.random.default_rng(0).integers(0, 100, (3, 20, 30), dtype=np.uint8)
    features = hog_features(image, size=(16, 24))
    np.testing.assert_allclose(features, hog_features(image[..., None], size=(16, 24)))
    np.testing.assert_allclose(hog_features(image + 50, size=(16, 24)), features, atol=1e-4)
    colour = np.repeat(image[..., None], 3, axis=-1)
    np.testing.assert_allclose(hog_features(colour, size=(16, 24)), features, atol=1e-3)
    with pytest.raises(FerError, match="15x24 pixels are less than two cells of 8"):
        hog_features(image, size=(15, 24))


def test_it_learns_and_gives_probabilities(faces, parts):
    (x, y), (v, w) = parts
    svm = HogSvm(faces.classes, size=24, strength=1).fit(x, y)
    said = svm.predict_proba(v)
    assert said.shape == (len(v), 7)
    assert said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(said.argmax(axis=1), svm.margins(v).argmax(axis=1))
    assert (said.argmax(axis=1) == w).mean() > 0.6
    np.testing.assert_array_equal(HogSvm(7, size=24, strength=1).fit(x, y).predict_proba(v), said)
    counted = HogSvm(7, strength=1).fit(hog_features(x, 24), y)
    np.testing.assert_array_equal(counted.predict_proba(hog_features(v, 24)), said)


def test_a_class_without_rows_is_never_given(parts):
    (x, y), (v, _) = parts
    said = HogSvm(8, size=24).fit(x[y != 2], y[y != 2]).predict_proba(v)
    assert (said[:, [2, 7]] == 0).all()
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)


def test_two_classes_have_two_columns(parts):
    (x, y), _ = parts
    two = y < 2
    said = HogSvm(2, size=24).fit(x[two], y[two]).predict_proba(x[two])
    assert said.shape == (two.sum(), 2)
    assert (said.argmax(axis=1) == y[two]).mean() > 0.9


@pytest.mark.parametrize("wrong", [[0, 0], [0, -1], [0, 7]])
def test_labels_must_be_of_two_classes(parts, wrong):
    with pytest.raises(FerError, match="needs labels of two or more classes out of 0 to 6"):
        HogSvm(7).fit(parts[0][0][:2], np.array(wrong))
