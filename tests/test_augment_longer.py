import dataclasses

import numpy as np
import pytest
from conftest import draw_faces

from fer_utils import models, settings, training
from fer_utils.augment import bank
from fer_utils.errors import FerError

NAMES = ("mirror", "random_generator", "random_generator")


def test_copies_stand_at_the_end_by_transform(faces):
    rows = faces.rows("train")[3:20]
    longer, fitted = bank.with_copies(faces, rows, NAMES, seed=5)
    n, m = len(faces), len(rows)
    assert len(longer) == len(longer.images) == n + 3 * m
    np.testing.assert_array_equal(fitted, [*rows, *range(n, n + 3 * m)])
    np.testing.assert_array_equal(longer.images[:n], faces.images)
    np.testing.assert_array_equal(longer.images[n : n + m], faces.images[rows][:, :, ::-1])
    assert (longer.images[n + m : n + 2 * m] != longer.images[n + 2 * m :]).any()  # drawn anew
    for field in ("labels", "split", "groups"):
        own = getattr(faces, field)[rows]
        np.testing.assert_array_equal(getattr(longer, field)[n:], np.tile(own, 3))
    assert len({*longer.names}) == len(longer)


def test_without_transforms_it_is_the_dataset(faces):
    rows = faces.rows("train")
    longer, fitted = bank.with_copies(faces, rows, ())
    np.testing.assert_array_equal(fitted, rows)
    np.testing.assert_array_equal(longer.images, faces.images)


def test_images_are_indexed_as_an_array_is(faces):
    longer, _ = bank.with_copies(faces, faces.rows("valid"), NAMES)
    held = np.asarray(longer.images)
    assert (held.dtype, held.shape) == (longer.images.dtype, longer.images.shape)
    mixed = np.random.default_rng(0).permutation(len(held))[:9]
    for index in (mixed, mixed.reshape(3, 3), 5, -1, slice(3, None, 7), held[:, 0, 0] > 90):
        np.testing.assert_array_equal(longer.images[index], held[index])
    with pytest.raises(IndexError):
        longer.images[len(held)]
    np.testing.assert_array_equal(longer.take(mixed).images, held[mixed])


def test_the_fingerprint_tells_photographs_transforms_and_seed(faces):
    rows = faces.rows("train")
    changed = faces.take(np.arange(len(faces)))
    changed.images[0, 0, 0] ^= 1
    made = [
        bank.with_copies(faces, rows, NAMES),
        bank.with_copies(faces, rows, NAMES, seed=1),
        bank.with_copies(faces, rows, NAMES[::-1]),
        bank.with_copies(faces, rows[1:], NAMES),
        bank.with_copies(changed, rows, NAMES),
    ]
    prints = [longer.fingerprint for longer, _ in made]
    assert len({*prints}) == len(prints)
    assert bank.with_copies(faces, rows, NAMES)[0].fingerprint == prints[0]


def test_nothing_is_made_before_it_is_asked_for(faces, monkeypatch):
    def fail(*_):
        raise AssertionError("a copy was made")

    monkeypatch.setattr(bank.Augmented, "__getitem__", fail)
    longer, _ = bank.with_copies(faces, faces.rows("train"), NAMES * 50)
    assert longer.fingerprint
    with pytest.raises(AssertionError):
        longer.images[0]


def test_what_cannot_be_copied(faces):
    with pytest.raises(FerError, match="no rows to copy"):
        bank.with_copies(faces, [], NAMES)
    with pytest.raises(FerError, match="did you mean 'mirror'"):
        bank.with_copies(faces, [0], ["miror"])


@pytest.mark.backend
def test_the_trainer_fits_them_as_if_they_were_held(faces, tmp_path):
    longer, rows = bank.with_copies(faces, faces.rows("train"), NAMES)
    held = dataclasses.replace(longer, images=np.asarray(longer.images))
    rows, epochs = training.repeated(rows, 300)
    s = settings.resolve("synthetic", "smoke", tmp_path, 0)
    recipe = models.recipe("tiny", epochs=epochs, augmentation="none")
    streamed, other = (
        training.fit_or_restore("tiny", dataset, s, recipe, key, size=16, rows=rows)
        for key, dataset in (("streamed", longer), ("held", held))
    )
    # Watched and answered is what it would be without copies: they are all of train.
    np.testing.assert_array_equal(streamed.predictions["index"], faces.rows("valid", "test"))
    np.testing.assert_allclose(
        streamed.predictions["probabilities"], other.predictions["probabilities"], atol=1e-4
    )


@pytest.mark.parametrize("n", [7, 100, 990, 3000])
def test_repeated_shows_as_many_images_whatever_the_rows(n):
    rows, epochs = training.repeated(np.arange(n), 1000)
    assert 1000 - epochs < len(rows) * epochs <= 1000
    assert 1 <= epochs <= 8
    times = np.bincount(rows, minlength=n)
    assert times.max() - times.min() <= 1
    again = training.repeated(np.arange(n), 1000)[0]
    np.testing.assert_array_equal(rows, again)
    assert (rows != training.repeated(np.arange(n), 1000, seed=1)[0]).any()


def test_rows_may_be_a_mask():
    faces = draw_faces(40, side=16)
    by_mask = bank.with_copies(faces, faces.split == "train", ["mirror"])
    by_number = bank.with_copies(faces, faces.rows("train"), ["mirror"])
    assert by_mask[1].tolist() == by_number[1].tolist()
    assert by_mask[0].names.tolist() == by_number[0].names.tolist()
