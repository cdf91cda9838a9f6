import numpy as np
import pytest

from fer_utils.augment import bank


def image(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(height=64, width=64):
    """Return an image whose interpolation is nearly exact: waves of many pixels."""
    y, x = np.mgrid[:height, :width]
    return (128 + 60 * np.sin(x / 9) + 50 * np.cos(y / 7)).astype("uint8")


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
