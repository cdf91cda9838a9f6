import numpy as np
import pytest

from fer_utils.augment import bank
from fer_utils.errors import FerError

SHAPES = [(48, 48), (33, 20, 3), (7, 40), (1, 1), (2, 1, 3), (151, 150)]
DRAWN = [name for name in bank.list_transforms() if bank.describe(name).drawn]


def image(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(height=64, width=64):
    """Return an image whose interpolation is nearly exact: waves of many pixels."""
    y, x = np.mgrid[:height, :width]
    return (128 + 60 * np.sin(x / 9) + 50 * np.cos(y / 7)).astype("uint8")


@pytest.fixture(params=[(48, 48), (33, 20, 3)], ids=["grey", "colour"])
def noise(request):
    return image(*request.param)


@pytest.mark.parametrize("name", bank.list_transforms())
def test_dtype_shape_seed_and_the_original_stay(name):
    for shape in SHAPES:
        original = image(*shape)
        kept = original.copy()
        out = bank.apply(name, original, seed=5)
        assert (out.dtype, out.shape) == (np.uint8, shape)
        np.testing.assert_array_equal(bank.apply(name, original, seed=5), out)
        np.testing.assert_array_equal(original, kept)
        assert not np.shares_memory(original, out)


@pytest.mark.parametrize("name", bank.list_transforms())
def test_takes_a_view_and_treats_grey_as_equal_channels(name):
    grey = image(60, 50)
    turned = grey[:, ::-1]
    np.testing.assert_array_equal(
        bank.apply(name, turned, 1), bank.apply(name, np.ascontiguousarray(turned), 1)
    )
    if name in ("random_channel_shift", "bilateral"):  # by channel, and by all channels at once
        return
    colour = bank.apply(name, np.dstack([grey] * 3), 1)
    # OpenCV rounds one and three channels by different code.
    assert np.abs(colour.astype(int) - bank.apply(name, grey, 1)[..., None]).max() <= 1


@pytest.mark.parametrize("name", bank.list_transforms())
def test_says_what_it_does(name):
    text = bank.describe(name).text
    assert text[0].isupper()
    assert text.splitlines()[0].endswith((".", ")", ":"))


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_draws_otherwise(name):
    results = {bank.apply(name, image(40, 40), seed).tobytes() for seed in range(12)}
    assert len(results) > 2


@pytest.mark.parametrize("name", sorted({*bank.list_transforms()} - {*DRAWN}))
def test_the_seed_changes_nothing_where_nothing_is_drawn(name, noise):
    np.testing.assert_array_equal(bank.apply(name, noise, 1), bank.apply(name, noise, 2))


@pytest.mark.parametrize("name", bank.list_transforms())
def test_changes_the_image(name):
    assert any((bank.apply(name, image(48, 48), seed) != image(48, 48)).any() for seed in range(5))


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


@pytest.mark.parametrize("shape", [(31, 31), (30, 30, 3)])
def test_four_quarter_turns_are_the_image(shape):
    turned = image(*shape)
    for _ in range(4):
        turned = bank.apply("rotate_left_90", turned)
    np.testing.assert_array_equal(turned, image(*shape))


def test_quarter_turns_are_exact_and_to_the_left():
    for count, degrees in enumerate((90, 180, 270), 1):
        np.testing.assert_array_equal(
            bank.apply(f"rotate_left_{degrees}", image(24, 24)), np.rot90(image(24, 24), count)
        )


@pytest.mark.parametrize("degrees", [5, 10, 15, 30])
def test_right_undoes_left(degrees):
    back = bank.apply(f"rotate_right_{degrees}", bank.apply(f"rotate_left_{degrees}", smooth()))
    middle = np.s_[20:44, 20:44]
    assert np.abs(back[middle].astype(int) - smooth()[middle]).max() <= 4


def test_rotations_blacken_the_corners_unless_enlarged():
    white = np.full((40, 40), 255, "uint8")
    assert bank.apply("rotate_left_30", white)[0, 0] == 0
    assert (bank.apply("rotate_zoom_5", white) == 255).all()


def test_rotate_zoom_turns_to_the_left_as_plain_rotation_does():
    line = np.zeros((101, 101), "uint8")
    line[49:52] = 255
    for name in ("rotate_zoom_5", "rotate_left_5"):
        rows = np.arange(101) @ bank.apply(name, line).astype(float)
        rows /= bank.apply(name, line).sum(axis=0)
        assert rows[80] < 48  # the right end is up
        assert rows[20] > 52


@pytest.mark.parametrize(
    ("name", "right", "down"),
    [("shift_down_right", 5, 4), ("shift_up_left", -5, -4), ("shift_far", 10, 4)],
)
def test_shifts_move_by_shares_and_leave_black(name, right, down):
    original = image(28, 35) | 1  # no black of its own
    out = bank.apply(name, original)
    y, x = np.mgrid[:28, :35]
    inside = (y >= down) & (y < 28 + down) & (x >= right) & (x < 35 + right)
    np.testing.assert_array_equal(out[inside], np.roll(original, (down, right), (0, 1))[inside])
    assert (out[~inside] == 0).all()


@pytest.mark.parametrize("name", ["turn_45", "shear_50"])
def test_inverse_warps_undo_each_other(name):
    there = bank.apply(name, smooth(200, 200))
    back = bank.apply(f"{name}_back", there)
    seen = bank.apply(f"{name}_back", bank.apply(name, np.full((200, 200), 255, "uint8"))) == 255
    assert seen.mean() > 0.1
    assert np.abs(back[seen].astype(int) - smooth(200, 200)[seen]).max() <= 12


def test_shear_keeps_the_first_row():
    np.testing.assert_array_equal(bank.apply("shear_50", smooth())[0], smooth()[0])


@pytest.mark.parametrize("part", [8, 10, 12])
def test_crops_bring_the_middle_to_the_size(part):
    out = bank.apply(f"crop_{part}", smooth(120, 120))
    cut = 120 // part
    # The corner of what is left comes to the corner, to within half a pixel.
    assert abs(int(out[0, 0]) - int(smooth(120, 120)[cut, cut])) < 10
    np.testing.assert_allclose(out[59:61, 59:61], smooth(120, 120)[59:61, 59:61], atol=3)


def test_double_size_is_hardly_a_change():
    assert np.abs(bank.apply("double_size", smooth()).astype(int) - smooth()).max() <= 3


@pytest.mark.parametrize("name", bank.list_transforms("skew_*") + bank.list_transforms("perspec*"))
def test_points_move_by_shares_whatever_the_size(name):
    small, large = bank.apply(name, smooth(96, 96)), bank.apply(name, smooth(96, 96).repeat(2, 0))
    assert np.abs(small.astype(int) - large[::2]).mean() < 12


def test_skew_brings_its_points_where_it_says():
    dot = np.zeros((96, 96), "uint8")
    dot[69:72, 9:12] = 255
    y, x = np.nonzero(bank.apply("skew_1", dot) > 128)
    assert (round(x.mean()), round(y.mean())) == (20, 80)


def test_perspective_enlarges_as_its_corners_lie_inside():
    white = np.full((96, 96), 255, "uint8")
    for name in bank.list_transforms("perspective_*"):
        assert (bank.apply(name, white) == 255).all()


def test_generator_stays_within_its_amounts():
    dot = np.zeros((101, 101), "uint8")
    dot[46:55, 46:55] = 255
    for seed in range(40):
        y, x = np.nonzero(bank.apply("random_generator", dot, seed) > 128)
        assert abs(x.mean() - 50) < 13  # a tenth of 101, enlarged by a tenth, turned and sheared
        assert abs(y.mean() - 50) < 13
        assert 40 < len(x) < 130


def test_random_flip_is_one_of_four():
    original = image(9, 12)
    wanted = {original[::a, ::b].tobytes() for a in (1, -1) for b in (1, -1)}
    assert {bank.apply("random_flip", original, seed).tobytes() for seed in range(40)} == wanted


def test_channel_shift_moves_each_channel_by_one_amount():
    grey = np.full((8, 8, 3), 128, "uint8")
    out = bank.apply("random_channel_shift", grey, 3)
    assert len({*out[0, 0]}) == 3
    assert (out == out[0, 0]).all()
    assert np.abs(out.astype(int) - 128).max() <= 51


def test_scale_down_shrinks_towards_the_middle_by_its_three_factors():
    white = np.full((121, 121), 255, "uint8")
    sides = set()
    for seed in range(20):
        out = bank.apply("random_scale_down", white, seed) > 128
        np.testing.assert_array_equal(out, out[::-1, ::-1])
        sides.add(int(out[60].sum()))
    np.testing.assert_allclose(sorted(sides), [121 / 1.21, 121 / 1.1**1.5, 121 / 1.1], atol=1.1)


def test_sets_hold_known_names_and_their_sources_counts():
    for names in bank.SETS.values():
        assert {*names} <= {*bank.list_transforms()}
    assert len({*bank.SETS["seed000_hand"]}) == len(bank.SETS["seed000_hand"]) == 8
    for count in (9, 19, 21, 40):
        assert len(bank.SETS[f"seed000_{count}"]) == count
    assert {*bank.list_transforms()} == {n for names in bank.SETS.values() for n in names}


def test_list_takes_a_pattern():
    assert bank.list_transforms("crop_*") == ["crop_10", "crop_12", "crop_8"]


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(FerError, match="no transform 'miror': did you mean 'mirror'"):
        bank.apply("miror", image(4, 4))
    with pytest.raises(FerError, match="there are bilateral, box_blur"):
        bank.describe("?")


@pytest.mark.parametrize(
    "wrong",
    [image(4, 4).astype("float32"), image(4, 4, 4), image(4), image(0, 4), [[1, 2]]],
    ids=["float", "alpha", "flat", "empty", "list"],
)
def test_not_an_image(wrong):
    with pytest.raises(FerError, match="transforms take one uint8 image"):
        bank.apply("erode", wrong)


def test_augmented_is_the_photographs_then_their_copies():
    images, labels = image(5, 12, 10), np.arange(5)
    copies = bank.Augmented(images, labels, ["mirror", "random_generator"], seed=3)
    assert len(copies) == 15
    shown, kinds = copies[:]
    np.testing.assert_array_equal(kinds, np.tile(labels, 3))
    np.testing.assert_array_equal(kinds, copies.rows(range(15)))
    np.testing.assert_array_equal(shown[:5], images)
    np.testing.assert_array_equal(shown[5:10], images[:, :, ::-1])


def test_augmented_gives_the_same_sample_however_asked():
    copies = bank.Augmented(image(6, 12, 10, 3), np.eye(6), ["random_generator"] * 4, seed=1)
    shown, kinds = copies[:]
    np.testing.assert_array_equal(copies[8][0], shown[8])
    np.testing.assert_array_equal(copies[-1][1], kinds[-1])
    mixed = np.random.default_rng(0).permutation(30)
    np.testing.assert_array_equal(copies[mixed][0], shown[mixed])
    np.testing.assert_array_equal(copies[mixed > 12][0], shown[mixed > 12])
    assert len({sample.tobytes() for sample in shown}) == 30  # each copy is drawn anew
    other = bank.Augmented(image(6, 12, 10, 3), np.eye(6), ["random_generator"] * 4, seed=2)
    assert (other[8][0] != shown[8]).any()


def test_augmented_checks_what_it_is_given():
    with pytest.raises(FerError, match="3 images but 2 labels"):
        bank.Augmented(image(3, 4, 4), [0, 1], [])
    with pytest.raises(FerError, match="no transform"):
        bank.Augmented(image(3, 4, 4), [0, 1, 2], ["mirrored"])
    with pytest.raises(IndexError):
        bank.Augmented(image(3, 4, 4), [0, 1, 2], [])[3]


def test_stream_yields_every_copy_batch_by_batch():
    images = image(7, 10, 10)
    batches = list(bank.stream(images, ["mirror", "random_rotation"], copies=2, batch=3))
    assert [name for name, _, _ in batches] == (["mirror"] * 3 + ["random_rotation"] * 3) * 2
    assert [len(rows) for _, rows, _ in batches] == [3, 3, 1] * 4
    np.testing.assert_array_equal(batches[0][2], images[:3, :, ::-1])
    assert (batches[3][2] != batches[9][2]).any()  # the second time is drawn anew
    again = list(bank.stream(images, ["mirror", "random_rotation"], copies=2, batch=3))
    np.testing.assert_array_equal(again[9][2], batches[9][2])


def test_stream_refuses_an_unknown_name_at_once():
    with pytest.raises(FerError, match="did you mean 'mirror'"):
        bank.stream(image(2, 4, 4), ["miror"])
