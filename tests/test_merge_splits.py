"""Several data sets as one, splits that keep persons together, FER+ votes as labels."""

import dataclasses

import numpy as np
import pytest
from conftest import draw_faces

from fer_utils import datasets
from fer_utils.datasets import ferplus, splits, synthetic
from fer_utils.datasets.base import MIXED
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS, FER2013


def small(n=60, seed=0, **changes):
    return dataclasses.replace(draw_faces(n, side=12, seed=seed), **changes)


def with_groups(labels, groups):
    """Return a Dataset of training rows with these labels and groups."""
    n = len(labels)
    images = np.random.default_rng(0).integers(0, 256, (n, 4, 4), np.uint8)
    return dataclasses.replace(
        draw_faces(10, side=4), images=images, labels=np.array(labels, np.int8),
        groups=np.array(groups), split=np.full(n, "train"), names=np.arange(n).astype(str),
    )  # fmt: skip


# Folds


def check_folds(data, rows, parts):
    assert np.sort(np.concatenate([out for _, out in parts])).tolist() == sorted(rows.tolist())
    for kept, out in parts:
        assert not set(data.groups[kept]) & set(data.groups[out])
        assert np.sort(np.concatenate([kept, out])).tolist() == sorted(rows.tolist())
        assert (np.diff(kept) > 0).all()


@pytest.mark.parametrize("few", [0, 10_000])
def test_folds(few, monkeypatch):
    monkeypatch.setattr(splits, "_FEW", few)
    data = draw_faces(700, side=4)
    rows = data.rows("train")
    parts = datasets.folds(data, rows, 5, seed=1)
    check_folds(data, rows, parts)
    shares = [np.bincount(data.labels[out], minlength=7) / len(out) for _, out in parts]
    assert np.std(shares, axis=0).max() < 0.05
    assert [o.tolist() for _, o in parts] == [
        o.tolist() for _, o in datasets.folds(data, rows[::-1], 5, seed=1)
    ]
    assert parts[0][1].tolist() != datasets.folds(data, rows, 5, seed=2)[0][1].tolist()


def test_big_groups_are_weighed():
    groups = np.repeat(np.arange(40), [60, 50, 40, 30, *[2] * 36])
    data = with_groups(np.arange(len(groups)) % 5 // 2, groups)
    parts = datasets.folds(data, np.arange(len(data)), 4)
    check_folds(data, np.arange(len(data)), parts)
    assert max(len(out) for _, out in parts) < 75


@pytest.mark.parametrize("few", [0, 10_000])
def test_class_with_one_example(few, monkeypatch):
    monkeypatch.setattr(splits, "_FEW", few)
    data = with_groups([0] * 30 + [1] * 30 + [2], np.arange(61))
    parts = datasets.folds(data, np.arange(61), 5)
    check_folds(data, np.arange(61), parts)
    assert sum(60 in out for _, out in parts) == 1
    lonely = with_groups([0, 1, 2, 3], [0, 1, 2, 3])
    check_folds(lonely, np.arange(4), datasets.folds(lonely, np.arange(4), 2))


def test_impossible_folds():
    data = small()
    for k in (1, 100):
        with pytest.raises(FerError, match=f"cannot make {k} folds"):
            datasets.folds(data, data.rows("train"), k)
    data.groups[3] = MIXED
    for split in (datasets.folds, datasets.share):
        with pytest.raises(FerError, match="split first"):
            split(data, data.rows("train"), 0.5)


def test_hold_out():
    data = small(140)
    held = datasets.hold_out(data, 0.2, target="test")
    moved = np.flatnonzero(held.split != data.split)
    assert set(data.split[moved]) == {"train"}
    assert len(moved) == pytest.approx(0.2 * len(data.rows("train")), abs=3)
    assert not set(data.groups[moved]) & set(data.groups[held.rows("train")])
    assert held.split.dtype == data.split.dtype
    assert held.fingerprint != data.fingerprint


def test_trial():
    data = small(300)
    part = datasets.trial(data, 60, seed=1)
    assert part.names.tolist() == data.names[data.rows("train")].tolist(), "Training alone"
    fitted, judged = part.rows("train"), part.rows("valid")
    assert len(fitted) == pytest.approx(60, abs=15)
    assert len(fitted) + len(judged) == len(part)
    assert not set(part.groups[fitted]) & set(part.groups[judged])
    assert part.fingerprint == datasets.trial(data, 60, seed=1).fingerprint
    assert part.fingerprint != datasets.trial(data, 60, seed=2).fingerprint
    most = [len(datasets.trial(data, n).rows("train")) / len(part) for n in (None, 10_000)]
    assert most == pytest.approx([2 / 3, 2 / 3], abs=0.05)


# Merge


def test_vocabulary_sizes_and_colours():
    main = small(60)
    other = small(40, seed=1, classes=CKPLUS, name="ckplus")
    colour = np.repeat(other.images[..., None], 3, axis=3)
    colour = np.ascontiguousarray(np.pad(colour, ((0, 0), (0, 12), (0, 12), (0, 0)), "edge"))
    other = dataclasses.replace(other, images=colour)
    lost = (other.labels == CKPLUS.index("contempt")).sum()
    with pytest.warns(UserWarning, match=f"ckplus: {lost} rows of contempt are left out"):
        both = datasets.merge([main, other])
    assert both.classes == FER2013
    assert both.images.shape == (100 - lost, 12, 12)
    np.testing.assert_array_equal(both.images[:60], main.images)
    kept = other.labels != CKPLUS.index("contempt")
    spelt = {"anger": "angry", "sadness": "sad"}
    for mine, theirs in zip(both.labels[60:], other.labels[kept], strict=True):
        expected = "" if theirs < 0 else CKPLUS[theirs]
        assert (FER2013[mine] if mine >= 0 else "") == spelt.get(expected, expected)
    assert both.split.tolist() == [*main.split, *other.split[kept]]
    assert both.names[[0, 60]].tolist() == ["fer_x/0".replace("fer_x", main.name), "ckplus/0"]
    rgb = datasets.merge([main, main], rgb=True, size=(10, 14))
    assert rgb.images.shape == (120, 10, 14, 3)
    assert rgb.names[60] == "synthetic-2/0"


def test_groups_stay_apart_but_for_identical_pixels():
    main, other = small(40), small(40, seed=1)
    other.images[6] = main.images[38]
    both = datasets.merge([main, other])
    assert len(np.unique(both.groups)) == 20 + 20 - 1
    assert both.groups[38] == both.groups[39] == both.groups[46] == both.groups[47]
    assert both.groups[0] != both.groups[40]


def test_subset_of_classes():
    main = small(70)
    with pytest.warns(
        UserWarning, match="rows of angry, disgust, fear, surprise, neutral are left"
    ):
        two = datasets.merge([main], ("happiness", "sadness"))
    assert two.classes == ("happiness", "sadness")
    known = two.labels[two.labels >= 0]
    assert np.bincount(known).tolist() == np.bincount(main.labels[main.labels >= 0])[3:5].tolist()
    with pytest.raises(FerError, match="nothing to merge"):
        datasets.merge([])
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(FerError, match="no row has a class of boredom"),
    ):
        datasets.merge([main.take(main.rows("train"))], ("boredom",))


# FER+


def votes_of(*rows):
    """Return votes from dicts of column to number."""
    columns = (*ferplus.COLUMNS, *ferplus.NO_EMOTION)
    return np.array([[row.get(name, 0) for name in columns] for row in rows])


VOTES = votes_of(
    {"happiness": 9, "neutral": 1},
    {"sadness": 5, "neutral": 5},
    {"anger": 4, "disgust": 3, "fear": 3},
    {"NF": 10},
    {"unknown": 6, "fear": 4},
    {"contempt": 8, "anger": 2},
    {"surprise": 6, "fear": 4},
)


def test_majority():
    with_none = np.concatenate([VOTES, np.full((1, 10), -1)])
    assert ferplus.majority(with_none, FER2013).tolist() == [3, -1, -1, -1, -1, -1, 5, -1]
    assert ferplus.majority(VOTES, FER2013, least=0.3).tolist() == [3, -1, 0, -1, -1, -1, 5]
    assert ferplus.majority(VOTES, CKPLUS)[5] == CKPLUS.index("contempt")


def test_soft_labels():
    soft = ferplus.soft_labels(VOTES, FER2013)
    assert soft.shape == (7, 7)
    assert soft.dtype == np.float32
    assert soft.sum(axis=1).tolist() == pytest.approx([1, 1, 1, 0, 0, 1, 1])
    assert soft[0].tolist() == pytest.approx(np.eye(7)[3])
    assert soft[1][[4, 6]].tolist() == [0.5, 0.5]
    assert soft[2][[0, 1, 2]].tolist() == pytest.approx([0.4, 0.3, 0.3])
    assert soft[5][0] == 1
    assert ferplus.soft_labels(VOTES, FER2013, outliers=0)[0][3] == pytest.approx(0.9)
    assert not ferplus.soft_labels(np.full((1, 10), -1), FER2013).any()


def test_relabel_touches_training_only():
    data = small(20)
    votes = np.concatenate([VOTES, np.tile(votes_of({"fear": 10}), (13, 1))])
    with pytest.warns(UserWarning, match="5 training images.*1 not a face, 1 unknown, 3 without"):
        new = ferplus.relabel(data, votes)
    assert len(new) == 15
    assert new.labels[:2].tolist() == [3, 5]
    assert (new.labels[2 : len(new.rows("train"))] == 2).all()
    for split in ("valid", "test"):
        np.testing.assert_array_equal(new.labels[new.rows(split)], data.labels[data.rows(split)])
    kept = ferplus.relabel(data, votes, undecided="keep")
    assert len(kept) == 20
    assert kept.labels[1:6].tolist() == data.labels[1:6].tolist()
    with pytest.raises(FerError, match="write 'drop' or 'keep'"):
        ferplus.relabel(data, votes, undecided="ask")
    with pytest.raises(FerError, match="19 rows of votes for 20 images"):
        ferplus.relabel(data, votes[1:])


def test_restrict_keeps_some_classes_and_numbers_them_anew(faces):
    dataset = dataclasses.replace(faces, labels=np.where(faces.split == "test", -1, faces.labels))
    two = datasets.restrict(dataset, ("happiness", "sad"))
    known = dataset.split != "test"
    wanted = np.flatnonzero(known & np.isin(faces.labels, [3, 4]))
    assert two.classes == ("happiness", "sad")
    assert two.names.tolist() == faces.names[wanted].tolist()
    assert (two.labels == (faces.labels[wanted] == 4)).all()
    assert (two.images == faces.images[wanted]).all()


def test_restrict_to_classes_that_are_not_there(faces):
    with pytest.raises(FerError, match="unknown class name 'bored'"):
        datasets.restrict(faces, ("happy", "bored"))
    happy = faces.take(faces.labels == 3)
    with pytest.raises(FerError, match="synthetic has no row of sad"):
        datasets.restrict(happy, ("happy", "sad"))


def test_a_data_set_shows_itself_in_one_line():
    shown = repr(datasets.load("synthetic", size=(20, 16), n=60, seed=0))
    assert shown.startswith("<Dataset synthetic: 60 images of 20x16; 48 train, 6 valid, 6 test")
    for some in (synthetic.generate(3, 16), synthetic.sequences(7), synthetic.snapshots(9)):
        shown += repr(some)
    assert "array" not in shown
