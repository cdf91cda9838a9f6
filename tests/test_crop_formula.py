"""docs/crop.md, as tests/crop_reference.py has it, against what the package does."""

import crop_reference as reference
import numpy as np
import pytest
from PIL import Image

from fer_utils import faces
from fer_utils.datasets.images import resized


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (211, 300, 3), np.uint8)


def test_grey_is_pillows(noise):
    assert (reference.grey(noise) == np.asarray(Image.fromarray(noise).convert("L"))).all()


@pytest.mark.parametrize(
    "side", [1, 2, 8, 24, 30, 47, 48, 49, 50, 64, 95, 96, 97, 128, 144, 160, 192, 211]
)
def test_resize_is_opencvs(noise, side):
    image = noise[:side, :side, 0]
    apart = np.abs(reference.resized(image.astype(int), 48) - resized(image, (48, 48)).astype(int))
    # 0 where OpenCV computes as measured; a processor that fuses its sums may round another way.
    assert apart.max() <= 1
    assert (apart > 0).mean() <= 0.001


@pytest.mark.parametrize("box", [
    (100.3, 50.2, 60.4, 75.9), (-20.5, -10.5, 80.0, 90.0), (250.0, 150.0, 90.0, 90.0),
    (10.0, 5.0, 280.0, 200.0), (0.0, 0.0, 300.0, 211.0), (40.5, 30.5, 21.0, 21.0),
    (295.0, 200.0, 3.0, 4.0), (20.0, 20.0, 40.0, 40.0),
])  # fmt: skip
def test_crop_is_that_of_the_package(noise, box):
    grey = np.asarray(Image.fromarray(noise).convert("L"))
    assert reference.square(box, 300, 211) == faces.square(box, grey.shape)
    x, y, side = reference.square(box, 300, 211)
    whole = faces.crop(grey, faces.Face(box), side)
    assert (whole == reference.cut(grey, x, y, side)).all()
    apart = np.abs(reference.crop(noise, box) - faces.crop(grey, faces.Face(box), 48).astype(int))
    assert apart.max() <= 1
