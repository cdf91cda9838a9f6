import numpy as np
import pytest

from fer_utils.augment import bank
from fer_utils.errors import FerError


def image(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


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
