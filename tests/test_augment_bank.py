import numpy as np
import pytest

from fer_utils.augment import bank
from fer_utils.errors import FerError

SHAPES = [(48, 48), (33, 20, 3), (7, 40), (1, 1), (2, 1, 3), (151, 150)]
DRAWN = [name for name in bank.list_transforms() if bank.describe(name).drawn]


def image(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


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


def test_sets_hold_known_names_and_their_sources_counts():
    for names in bank.SETS.values():
        assert {*names} <= {*bank.list_transforms()}
    assert len({*bank.SETS["seed000_hand"]}) == len(bank.SETS["seed000_hand"]) == 8
    for count in (9, 19, 21, 40):
        assert len(bank.SETS[f"seed000_{count}"]) == count
    assert {*bank.list_transforms()} == {n for names in bank.SETS.values() for n in names}


def test_list_takes_a_pattern():
    assert bank.list_transforms("crop_*") == ["crop_8", "crop_10", "crop_12"]


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
