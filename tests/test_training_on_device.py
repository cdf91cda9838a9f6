"""A data set that lies on the device: the same training, and nothing of it in a checkpoint."""

import dataclasses

import keras
import numpy as np
import pytest
from conftest import draw_faces
from test_training import interrupt, made_settings, same

from fer_utils import models, training
from fer_utils.training import on_device, trainer
from fer_utils.training.on_device import lookup, numbers

pytestmark = pytest.mark.backend

RECIPE = models.Recipe("adam", learning_rate=0.01, batch=16, epochs=2)
CHANGES = [
    {"augmentation": "flip", "alternate": True},
    {"augmentation": "flip", "sharpness": 0.05},
]


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_rows_become_images(channels):
    images = np.random.default_rng(0).integers(0, 256, (9, 6, 5, *channels), dtype="uint8")
    rows, mirrored = np.array([4, 4, 0]), np.array([False, True, False])
    found = keras.ops.convert_to_numpy(lookup(images)(numbers(rows, mirrored)))
    whole = images.reshape(9, 6, 5, -1)
    np.testing.assert_array_equal(found, [whole[4], whole[4, :, ::-1], whole[0]])
    assert found.dtype == "float32"


def test_a_gpu_is_given_images_where_it_has_room(monkeypatch):
    images = np.zeros((2, 4, 4), "uint8")
    for name, most, given in (("CPU x2", 64, False), ("GPU x1", 32, True), ("GPU x1", 31, False)):
        monkeypatch.setattr(on_device, "device", lambda name=name: name)
        monkeypatch.setattr(on_device, "_MOST", most)
        assert on_device.images_on_device(images) == given


@pytest.mark.parametrize("changes", CHANGES)
def test_the_training_is_the_same_and_continues(changes, tmp_path, monkeypatch):
    dataset, recipe = draw_faces(120, side=16), dataclasses.replace(RECIPE, **changes)

    def fitted(name):
        return training.fit_or_restore("tiny", dataset, made_settings(tmp_path / name), recipe)

    sent = fitted("sent")
    monkeypatch.setattr(trainer, "images_on_device", lambda images: True)
    same(fitted("lying"), sent)
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=1)
        with pytest.raises(KeyboardInterrupt):
            fitted("parts")
    with np.load(next((tmp_path / "parts").rglob("epoch1.npz"))) as file:
        shapes = [file[name].shape for name in file.files]
    assert (3, 3, 1, 8) in shapes  # tiny's first convolution
    assert (*dataset.images.shape, 1) not in shapes
    same(fitted("parts"), sent)
