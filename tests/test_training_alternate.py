"""Mirroring by turns: which images an epoch mirrors, and what it takes the place of."""

import dataclasses

import keras
import numpy as np
import pytest
from conftest import draw_faces
from test_training import interrupt, made_settings, same

from fer_utils import models, training
from fer_utils.augment import layers
from fer_utils.augment.layers.warp import RandomWarp
from fer_utils.training.examples import Examples
from fer_utils.training.trainer import Trainer

pytestmark = pytest.mark.backend

RECIPE = models.Recipe(
    "adam", learning_rate=0.01, batch=16, epochs=3, augmentation="flip", alternate=True
)


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(120, side=16)


def examples(dataset, seed=0, **changes):
    recipe = dataclasses.replace(RECIPE, **changes)
    return Examples(dataset, dataset.rows("valid"), recipe, seed)


def epoch_of(shown, epoch):
    """Return the rows and images of an epoch's batches."""
    batches = shown.batches()
    batches.start(epoch)
    return batches.order, np.concatenate([batches[i][0] for i in range(len(batches))])


def turned(dataset, shown, epoch):
    """Return by row whether the epoch's batches hold its mirror image, NaN where not shown."""
    told = np.full(len(dataset), np.nan)
    for row, image in zip(*epoch_of(shown, epoch), strict=True):
        own = dataset.images[row]
        mirrored = (image == own[:, ::-1]).all()
        assert mirrored != (image == own).all()
        assert np.isnan(told[row]) or told[row] == mirrored, "one row, one way"
        told[row] = mirrored
    return told


@pytest.mark.parametrize("sampling", ["shuffled", "balanced"])
def test_an_image_is_mirrored_in_every_second_epoch(dataset, sampling):
    shown = examples(dataset, sampling=sampling, batch=14)
    told = np.array([turned(dataset, shown, epoch) for epoch in range(4)])
    for first, second in zip(told[:-1], told[1:], strict=True):
        both = ~np.isnan(first + second)
        assert both.sum() > 60
        np.testing.assert_array_equal(first[both], 1 - second[both])
    assert 0.3 < np.nanmean(told[0]) < 0.7


def test_the_batches_of_an_epoch_are_the_same_after_a_restart(dataset):
    one = examples(dataset)
    for epoch in range(2):
        epoch_of(one, epoch)
    rows, images = epoch_of(one, 2)
    again, others = epoch_of(examples(dataset), 2)
    np.testing.assert_array_equal(again, rows)
    np.testing.assert_array_equal(others, images)
    train = dataset.rows("train")
    assert (examples(dataset, seed=1).mirrored(train, 0) != one.mirrored(train, 0)).any()


def test_nothing_is_mirrored_unless_asked_for_and_no_image_is_changed(dataset):
    before = dataset.images.copy()
    rows, images = epoch_of(examples(dataset, alternate=False), 1)
    np.testing.assert_array_equal(images, dataset.images[rows])
    epoch_of(examples(dataset), 1)
    np.testing.assert_array_equal(dataset.images, before)


def test_images_in_colour_are_mirrored_left_to_right(dataset):
    colour = np.stack([dataset.images, dataset.images // 2, dataset.images // 3], axis=-1)
    shown = examples(dataclasses.replace(dataset, images=colour))
    rows = dataset.rows("train")
    mirrored = shown.mirrored(rows, 1)
    images = shown.shown(rows, 1)[0]
    np.testing.assert_array_equal(images[mirrored], colour[rows[mirrored]][:, :, ::-1])
    np.testing.assert_array_equal(images[~mirrored], colour[rows[~mirrored]])


@pytest.mark.parametrize("name", layers.presets())
def test_a_preset_leaves_out_its_mirror_and_nothing_else(name):
    rest = layers.preset(name, seed=3, mirror=False)
    assert not [layer for layer in rest if isinstance(layer, keras.layers.RandomFlip)]
    assert not [layer for layer in rest if isinstance(layer, RandomWarp) and layer.flip]
    whole = [
        layer
        for layer in layers.preset(name, seed=3)
        if not isinstance(layer, keras.layers.RandomFlip)
    ]
    for one, other in zip(rest, whole, strict=True):
        ours, theirs = one.get_config(), other.get_config()
        for config in (ours, theirs):
            config.pop("name"), config.pop("flip", None)
        assert ours == theirs


def test_the_trainer_takes_the_mirror_out(dataset):
    network = models.build("tiny", 7, size=16)
    made = Trainer(network, examples(dataset), RECIPE, 0)
    assert made.model.layers == [network]
    plain = dataclasses.replace(RECIPE, alternate=False)
    assert len(Trainer(network, examples(dataset), plain, 0).model.layers) == 2


def test_a_fit_continues_with_the_same_images(dataset, tmp_path, monkeypatch, capsys):
    def fitted(folder, recipe=RECIPE):
        return training.fit_or_restore("tiny", dataset, made_settings(folder), recipe)

    whole = fitted(tmp_path / "whole")
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=1)
        with pytest.raises(KeyboardInterrupt):
            fitted(tmp_path / "parts")
    same(fitted(tmp_path / "parts"), whole)
    capsys.readouterr()
    fitted(tmp_path / "parts", dataclasses.replace(RECIPE, alternate=False))
    assert "trained anew, because recipe alternate True -> False" in capsys.readouterr().out
