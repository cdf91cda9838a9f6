"""Spoilt images, and what is left of a model's answers."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from fer_utils import evaluation
from fer_utils.errors import FerError

NAMES = list(evaluation.CORRUPTIONS)


@pytest.fixture(scope="module")
def images():
    """Return sixteen smooth images with detail in them."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 216, (16, 6, 6)).repeat(8, axis=1).repeat(8, axis=2)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def far(images, name, strength):
    """Return how far images are moved on average, in grey values."""
    spoilt = evaluation.corrupt(images, name, strength)
    return np.abs(spoilt.astype(float) - images).mean()


@pytest.mark.parametrize("name", NAMES)
def test_shape_type_and_the_given_images_stay(name, images):
    before = images.copy()
    for given in (
        images,
        images[..., None],
        np.stack([images] * 3, axis=-1),
        images[:, :30, :, None],
    ):
        spoilt = evaluation.corrupt(given, name, 3)
        assert (spoilt.shape, spoilt.dtype) == (given.shape, np.uint8)
    assert (images == before).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name, images):
    spoilt = evaluation.corrupt(images, name, 3, seed=1)
    assert (spoilt == evaluation.corrupt(images, name, 3, seed=1)).all()
    drawn = name not in ("blur", "contrast", "jpeg")
    assert (spoilt != evaluation.corrupt(images, name, 3, seed=2)).any() == drawn


@pytest.mark.parametrize("name", NAMES)
def test_each_strength_is_worse(name, images):
    moved = [far(images, name, strength) for strength in evaluation.STRENGTHS]
    assert moved[0] > 0
    assert all(a < b for a, b in zip(moved, moved[1:], strict=False)), moved


@pytest.mark.parametrize("name", NAMES)
def test_the_first_images_do_not_depend_on_how_many_follow(name, images):
    few = evaluation.corrupt(images[:1], name, 2)
    assert (few[0] == evaluation.corrupt(images, name, 2)[0]).all()


def test_amounts_are_what_they_say(images):
    flat = np.full((2000, 8, 8), 128, np.uint8)
    assert evaluation.corrupt(flat, "noise", 5).std() == pytest.approx(25.5, rel=0.02)
    assert set(np.unique(evaluation.corrupt(flat, "brightness", 4))) == {77, 179}
    assert (evaluation.corrupt(flat, "contrast", 5) == 128).all()
    assert evaluation.corrupt(np.uint8([[[0, 200]]]), "contrast", 2).tolist() == [[[50, 150]]]
    turned = evaluation.corrupt(images, "rotation", 5)
    middle = slice(22, 26)
    near = np.abs(turned[:, middle, middle].astype(float) - images[:, middle, middle])
    assert near.mean() < np.abs(turned.astype(float) - images).mean()


def test_values_stay_within_their_range():
    black, white = np.zeros((9, 20, 20), np.uint8), np.full((9, 20, 20), 255, np.uint8)
    spoilt = evaluation.corrupt(black, "noise", 1)
    assert spoilt.max() < 100
    assert (spoilt == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert evaluation.corrupt(white, "noise", 1).min() > 155


def test_a_blur_is_scaled_with_the_shorter_side():
    images = np.zeros((1, 32, 48, 3), np.uint8)
    images[:, 16, 24] = 255
    expected = ndimage.gaussian_filter(images[0, ..., 0].astype(float), 1, truncate=3)
    for channel in np.moveaxis(evaluation.corrupt(images, "blur", 5)[0], 2, 0):
        assert channel == pytest.approx(expected, abs=1)


def test_a_square_is_covered_anywhere_within_by_the_mean():
    black = np.zeros((500, 10, 12, 3), np.uint8)
    black[:, 0, 0] = 120, 240, 0  # the means are 1, 2 and 0
    covered = evaluation.corrupt(black, "occlusion", 4)
    square = (covered == [1, 2, 0]).all(axis=3)
    assert (square.sum(axis=(1, 2)) == 25).all()
    assert set(square.any(axis=2).argmax(axis=1)) == set(range(6))
    assert set(square.any(axis=1).argmax(axis=1)) == set(range(8))


def test_faces_grow_or_shrink_and_the_edge_repeats():
    square = np.zeros((20, 49, 49), np.uint8)
    square[:, 19:31, 19:31] = 255
    sides = np.sqrt((evaluation.corrupt(square, "scale", 5) > 127).sum(axis=(1, 2)))
    assert set(sides.round()) == {8, 18}  # 12 by 1.5
    white = np.full((20, 49, 49), 255, np.uint8)
    for name in ("scale", "rotation"):
        assert (evaluation.corrupt(white, name, 5) == 255).all()


@pytest.mark.parametrize(
    ("name", "strength", "given", "message"),
    [
        ("fog", 1, None, "no corruption 'fog': take one of noise, blur"),
        ("blur", 6, None, "strength 6: take 1 to 5"),
        ("blur", 0, None, "strength 0"),
        ("blur", 1.0, None, "strength 1.0: take 1 to 5, a whole number"),
        ("blur", 1, np.zeros((0, 8, 8), np.uint8), "none to spoil: give at least one"),
        ("blur", 1, np.zeros((2, 8, 8), np.float32), "images are float32"),
        ("blur", 1, np.zeros((8, 8), np.uint8), r"a single one as image\[None\]"),
    ],
)
def test_what_cannot_be_spoilt_is_said(name, strength, given, message, images):
    with pytest.raises(FerError, match=message):
        evaluation.corrupt(images if given is None else given, name, strength)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_a_seed_is_a_whole_number(seed, images):
    with pytest.raises(FerError, match=f"seed {seed}: take a whole number, 0 or more"):
        evaluation.corrupt(images, "noise", 1, seed)


def bright(images):
    """Answer 1 where the upper left is bright, else 0."""
    return np.eye(2)[(images[:, 0, 0] > 127).astype(int)]


def test_robustness_asks_each_model_about_the_same(images):
    labels, asked = bright(images).argmax(axis=1), []

    def constant(images):
        asked.append(images)
        return np.tile([0.4, 0.6], (len(images), 1))

    table = evaluation.robustness({"bright": bright, "one": constant}, images, labels, ["noise"])
    assert table.columns.tolist() == [0, 1, 2, 3, 4, 5]
    assert table.index.tolist() == [("bright", "noise"), ("one", "noise")]
    assert table.loc[("bright", "noise"), 0] == 1
    spoilt = evaluation.corrupt(images, "noise", 4)
    found = evaluation.accuracy(labels, bright(spoilt))
    assert table.loc[("bright", "noise"), 4] == found
    assert (table.loc[("one", "noise")] == labels.mean()).all()
    assert [len(seen) for seen in asked] == [16, 80]
    assert (asked[1][48:64] == spoilt).all()


def test_robustness_at_some_strengths_and_another_seed(images):
    labels = bright(images).argmax(axis=1)
    table = evaluation.robustness(
        {"bright": bright}, images, labels, ["noise", "rotation"], strengths=(2, 5), seed=3
    )
    assert table.columns.tolist() == [0, 2, 5]
    for name in ("noise", "rotation"):
        spoilt = evaluation.corrupt(images, name, 5, seed=3)
        assert table.loc[("bright", name), 5] == evaluation.accuracy(labels, bright(spoilt))
    other = evaluation.robustness({"bright": bright}, images, labels, ["rotation"], seed=4)
    assert other.loc[("bright", "rotation"), 5] != table.loc[("bright", "rotation"), 5]
    errors = evaluation.corruption_errors(table)
    assert errors.columns.tolist() == ["clean error", "mean", "noise", "rotation"]


def test_corruption_errors_by_hand():
    table = pd.DataFrame(
        [[0.9, 0.8, 0.6], [0.9, 0.7, 0.7], [0.8, 0.7, 0.5], [0.8, 0.5, 0.1]],
        pd.MultiIndex.from_product([["a", "b"], ["noise", "blur"]], names=["model", "corruption"]),
        [0, 1, 2],
    )
    found = evaluation.corruption_errors(table)
    assert found.columns.tolist() == ["clean error", "mean", "noise", "blur"]
    assert found.loc["a"].tolist() == pytest.approx([0.1, 1, 1, 1])
    assert found.loc["b"].tolist() == pytest.approx(
        [0.2, (0.8 / 0.6 + 1.4 / 0.6) / 2, 4 / 3, 7 / 3]
    )
    other = evaluation.corruption_errors(table, "b")
    assert other.loc["a", "noise"] == pytest.approx(3 / 4)
    with pytest.raises(FerError, match="no model 'c' was asked: there are a, b"):
        evaluation.corruption_errors(table, "c")
    perfect = table.copy()
    perfect.loc[("a", "noise")] = 1.0
    with pytest.raises(FerError, match="a never errs"):
        evaluation.corruption_errors(perfect)


def test_robustness_needs_a_model_and_labels(images):
    with pytest.raises(FerError, match="no model to ask"):
        evaluation.robustness({}, images, [0] * 16)
    with pytest.raises(FerError, match="no images to ask about"):
        evaluation.robustness({"bright": bright}, images[:0], [])
    with pytest.raises(FerError, match="labels are unknown"):
        evaluation.robustness({"bright": bright}, images, [-1] * 16)
