import numpy as np
import pytest

from fer_utils.augment import bank


def image(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture(params=[(48, 48), (33, 20, 3)], ids=["grey", "colour"])
def noise(request):
    return image(*request.param)


@pytest.mark.parametrize(
    "name",
    ["erode", "dilate", "dilate_twice", "opening", "closing", "median_blur", "sharpen"]
    + ["enhance_edges", "bilateral", "double_size", "rotate_zoom_5"]
    + bank.list_transforms("*blur*")
    + bank.list_transforms("crop_*")
    + ["random_generator", "random_rotation", "random_shift", "random_shear_zoom"],
)
def test_a_flat_image_stays(name):
    flat = np.full((30, 41, 3), 77, "uint8")
    np.testing.assert_array_equal(bank.apply(name, flat), flat)


@pytest.mark.parametrize("name", ["mirror", "flip_vertical", "invert"])
def test_twice_is_the_image(name, noise):
    np.testing.assert_array_equal(bank.apply(name, bank.apply(name, noise)), noise)


def test_mirror_loses_no_column(noise):
    np.testing.assert_array_equal(bank.apply("mirror", noise), noise[:, ::-1])


def test_flip_vertical_is_upside_down(noise):
    np.testing.assert_array_equal(bank.apply("flip_vertical", noise), noise[::-1])


def test_morphology_keeps_its_order(noise):
    names = ("erode", "dilate", "dilate_twice", "opening", "closing")
    erode, dilate, twice, opening, closing = (bank.apply(name, noise) for name in names)
    assert (erode <= opening).all()
    assert (opening <= noise).all()
    assert (noise <= closing).all()
    assert (closing <= dilate).all()
    assert (dilate <= twice).all()
    np.testing.assert_array_equal(bank.apply("dilate", dilate), twice)


def test_opening_removes_bright_spots_and_closing_dark_ones():
    spots = np.full((30, 30), 100, "uint8")
    spots[5, 5], spots[20, 20] = 255, 0
    assert bank.apply("opening", spots).max() == 100
    assert bank.apply("closing", spots).min() == 100


def test_median_removes_a_lone_spike():
    spike = np.full((20, 20), 100, "uint8")
    spike[10, 10] = 255
    assert (bank.apply("median_blur", spike) == 100).all()


@pytest.mark.parametrize("length", [15, 30])
def test_motion_blur_keeps_rows_and_averages_along_them(length):
    rows = np.repeat(image(40, 1), 50, axis=1)
    np.testing.assert_array_equal(bank.apply(f"motion_blur_{length}", rows), rows)
    line = np.zeros((9, 99), "uint8")
    line[:, 50] = 240
    blurred = bank.apply(f"motion_blur_{length}", line)
    assert set(np.unique(blurred)) == {0, 240 // length}
    assert (blurred > 0).sum(axis=1).tolist() == [length] * 9


@pytest.mark.parametrize("name", bank.list_transforms("*blur*"))
def test_blurs_smooth(name):
    assert bank.apply(name, image(50, 50)).std() < image(50, 50).std()


def test_the_wider_gauss_blurs_more_and_leaves_colours_apart():
    assert bank.apply("gaussian_blur_5", image(50, 50)).std() < 10
    red = np.zeros((40, 40, 3), "uint8")
    red[..., 0] = 200
    np.testing.assert_array_equal(bank.apply("gaussian_blur_5", red), red)


def test_bilateral_keeps_an_edge_that_a_box_smears():
    edge = np.repeat(np.repeat(np.array([[0, 250]], "uint8"), 20, axis=1), 20, axis=0)
    assert np.abs(bank.apply("bilateral", edge).astype(int) - edge).max() <= 1
    assert np.abs(bank.apply("box_blur", edge).astype(int) - edge).max() == 100


def test_edge_enhancement_steepens_an_edge():
    step = np.repeat(np.repeat(np.array([[100, 150]], "uint8"), 20, axis=1), 20, axis=0)
    out = bank.apply("enhance_edges", step)
    # Two pixels before the edge only the rim's five weights of -1/8 reach over it.
    assert (out.min(), out.max()) == (100 - 31, 150 + 31)
    # A negative middle weight of -7 turns the values next to an edge around.
    assert bank.apply("sharpen", step)[10, 19] > 150


def test_invert_swaps_dark_and_bright():
    assert bank.apply("invert", np.array([[0, 255, 10]], "uint8")).tolist() == [[255, 0, 245]]


def test_standardise_undoes_light():
    dull = (image(60, 60).astype("float32") * 0.3 + 20).astype("uint8")
    out = bank.apply("standardise", dull).astype("float32")
    assert abs(out.mean() - 128) < 1
    assert abs(out.std() - 64) < 1
