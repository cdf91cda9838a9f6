"""What each transform is named for, where the other files say it of some of a family only."""

import re

import numpy as np
import pytest

from fer_utils.augment import bank

ROTATIONS = [name for name in bank.list_transforms("rotate_*") if "zoom" not in name]


def dot(x, y, side=101, wide=1):
    image = np.zeros((side, side), "uint8")
    image[y - wide : y + wide + 1, x - wide : x + wide + 1] = 255
    return image


def centre(image):
    """Return (x, y) of the light's middle."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weights = image / image.sum(dtype=float)
    return float((x * weights).sum()), float((y * weights).sum())


@pytest.mark.parametrize("name", ROTATIONS)
def test_rotations_turn_by_the_degrees_of_their_name(name):
    side, degrees = re.fullmatch(r"rotate_(left|right)_(\d+)", name).groups()
    angle = np.deg2rad(int(degrees) * (1 if side == "left" else -1))
    x, y = centre(bank.apply(name, dot(80, 50)))  # 30 to the right of the middle
    assert abs(x - (50 + 30 * np.cos(angle))) < 0.5
    assert abs(y - (50 - 30 * np.sin(angle))) < 0.5  # left: upwards, where y is less


MOVED = [  # what comes where, worked out from the numbers in its file
    ("skew_1", 96, (10, 70), (20, 80)),
    ("skew_2", 96, (20, 80), (20, 70)),
    ("skew_3", 96, (80, 10), (70, 30)),
    ("skew_4", 350, (50, 200), (100, 250)),
    ("perspective_1", 96, (47, 47), None),
    ("turn_45", 350, (247, 146), (225, 123)),
    ("shear_50", 350, (250, 100), (131, 156)),
]


@pytest.mark.parametrize(("name", "side", "before", "after"), MOVED)
def test_points_come_where_the_source_says(name, side, before, after):
    out = bank.apply(name, dot(*before, side=side, wide=2))
    assert out.max() > 128
    if after:
        np.testing.assert_allclose(centre(out), after, atol=1)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_perspectives_bring_their_corners_to_the_corners(number):
    inside = {1: (2, 3), 2: (6, 7), 3: (10, 11)}[number]
    out = bank.apply(f"perspective_{number}", dot(*inside, side=96))
    assert out[0, 0] > 128
    assert out[20:, 20:].max() == 0


def test_morphology_and_box_reach_over_five_pixels():
    spot = np.zeros((21, 21), "uint8")
    spot[10, 10] = 250
    for name, side in (("dilate", 5), ("dilate_twice", 9)):
        assert (bank.apply(name, spot) == 250).sum() == side**2
        assert (bank.apply(name, spot)[8:13, 8:13] == 250).all()
    assert (bank.apply("erode", 255 - spot) == 5).sum() == 25
    assert set(np.unique(bank.apply("box_blur", spot))) == {0, 10}


def test_the_gauss_falls_off_to_all_sides_alike():
    spot = np.zeros((21, 21), "uint8")
    spot[10, 10] = 255
    out = bank.apply("gaussian_blur", spot).astype(int)
    np.testing.assert_array_equal(out, out.T)
    np.testing.assert_array_equal(out, out[::-1, ::-1])
    assert out[10, 10] > out[10, 11] > out[10, 12] > out[10, 13] == 0


def test_median_takes_the_middle_of_seven():
    rows = np.tile(np.arange(0, 210, 10, dtype="uint8"), (21, 1))
    np.testing.assert_array_equal(bank.apply("median_blur", rows)[:, 3:-3], rows[:, 3:-3])
    stripe = np.full((21, 21), 50, "uint8")
    stripe[:, 9:12] = 200  # three of seven
    assert (bank.apply("median_blur", stripe) == 50).all()
    stripe[:, 9:13] = 200  # four of seven
    assert (bank.apply("median_blur", stripe) == 200).any()


def test_random_rotation_turns_by_up_to_forty_degrees_and_does_nothing_else():
    angles = []
    for seed in range(60):
        x, y = centre(bank.apply("random_rotation", dot(80, 50), seed))
        assert abs(np.hypot(x - 50, y - 50) - 30) < 0.5
        angles.append(np.degrees(np.arctan2(50 - y, x - 50)))
    assert -40.5 < min(angles) < -30
    assert 30 < max(angles) < 40.5


def test_random_shift_moves_by_up_to_a_fifth():
    moves = np.array([centre(bank.apply("random_shift", dot(50, 50), s)) for s in range(60)]) - 50
    assert (np.abs(moves) <= 20.3).all()
    assert (moves.max(axis=0) > 15).all()
    assert (moves.min(axis=0) < -15).all()


def test_random_shear_zoom_scales_by_up_to_a_fifth_and_mirrors_some():
    places = [centre(bank.apply("random_shear_zoom", dot(80, 50), s)) for s in range(60)]
    sides = np.array([x - 50 for x, _ in places])
    assert (np.abs(sides) < 30 / 0.8 + 0.5).all()
    assert (np.abs(sides) > 30 / 1.2 / 1.05).all()
    assert 15 < (sides < 0).sum() < 45
    leaning = [centre(bank.apply("random_shear_zoom", dot(50, 80), s))[0] for s in range(60)]
    assert 3 < max(np.abs(np.array(leaning) - 50)) < 30 * np.sin(0.2) / 0.8 / 0.8 + 1


def test_kinds_part_the_bank():
    kinds = {kind: set(bank.list_transforms(kind=kind)) for kind in ("moves", "filters", "drawn")}
    assert set.union(*kinds.values()) == {*bank.list_transforms()}
    assert sum(map(len, kinds.values())) == len(bank.list_transforms())
    assert kinds["drawn"] == {n for n in bank.list_transforms() if bank.describe(n).drawn}
    assert bank.list_transforms("*blur*", kind="moves") == []
