"""Sequence sets: from CK+'s folders, drawn, from arrays; padding, folds by person, faults."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fer_utils import faces, plots
from fer_utils.datasets import ckplus, sequences, synthetic
from fer_utils.errors import FerError
from fer_utils.faces import sequences as face_sequences
from fer_utils.labels import CKPLUS

FRAMES = [np.full((t, 4, 5), 10 * i, np.uint8) + np.arange(t, dtype=np.uint8)[:, None, None]
          for i, t in enumerate((3, 8, 1, 6))]  # fmt: skip


def made(frames=FRAMES, labels=(0, 1, 0, 1), groups=(7, 7, 8, 9), classes=("happy", "sad")):
    return sequences.from_arrays(frames, labels, groups, classes)


def numbers(dataset):
    """Return which sequence and which frame of it each row of made() is."""
    return [tuple(map(int, name.split("/"))) for name in dataset.names]


@pytest.fixture(scope="module")
def drawn():
    return sequences.load("synthetic", n=48, persons=12, frames=(3, 6), size=16, seed=1)


def test_arrays_become_rows_of_one_dataset():
    found = made()
    assert len(found) == 4
    assert found.lengths.tolist() == [3, 8, 1, 6]
    assert found.peaks.images[:, 0, 0].tolist() == [2, 17, 20, 35]
    assert found.peaks.labels.tolist() == [0, 1, 0, 1]
    assert found.peaks.groups.tolist() == [7, 7, 8, 9]
    assert set(found.frames.split) == {"train"}
    for own, frames in zip(found.rows, FRAMES, strict=True):
        np.testing.assert_array_equal(found.frames.images[own], frames)


def test_taken_sequences_keep_their_order():
    found = made().take([3, 0])
    assert found.lengths.tolist() == [6, 3]
    assert found.peaks.images[:, 0, 0].tolist() == [35, 2]
    assert made().take(np.array([False, True, True, False])).lengths.tolist() == [8, 1]


def test_late_frames_are_seed_002s_share():
    found = made()
    late = found.late(0.25)
    assert numbers(late) == [(0, 2), (1, 6), (1, 7), (2, 0), (3, 5)]
    assert found.late_counts(0.25).tolist() == [1, 2, 1, 1]
    assert numbers(found.late(0)) == [(0, 2), (1, 7), (2, 0), (3, 5)]
    assert len(found.late(1)) == len(found.frames)
    with pytest.raises(FerError, match="between 0 and 1"):
        found.late(1.5)


def test_begun_sequences_lack_their_end():
    assert made().begun(0.5).lengths.tolist() == [1, 4, 1, 3]
    assert made().begun(0.5).peaks.images[:, 0, 0].tolist() == [0, 13, 20, 32]


@pytest.mark.parametrize(
    ("most", "lengths", "of_the_second"),
    [(1, [1, 1, 1, 1], [7]), (3, [3, 3, 1, 3], [0, 3, 7]), (20, [3, 8, 1, 6], list(range(8)))],
)
def test_thinned_sequences_are_evenly_spaced_and_keep_the_peak(most, lengths, of_the_second):
    found = made().thinned(most)
    assert found.lengths.tolist() == lengths
    np.testing.assert_allclose(found.rows[1] - 3, of_the_second, atol=1)
    assert [own[-1] for own in found.rows] == [own[-1] for own in made().rows]
    assert all((np.diff(own) > 0).all() for own in found.rows)


def test_thinned_to_nothing_is_refused():
    with pytest.raises(FerError, match="1 or more"):
        made().thinned(0)


def test_padding_repeats_the_peak_and_is_masked():
    frames, mask = made().padded()
    assert frames.shape == (4, 8, 4, 5)
    assert frames.dtype == np.uint8
    assert mask.sum(axis=1).tolist() == [3, 8, 1, 6]
    assert frames[0, :, 0, 0].tolist() == [0, 1, 2, 2, 2, 2, 2, 2]
    assert mask[0].tolist() == [True] * 3 + [False] * 5
    frames, mask = made().padded([2, 0], time=5)
    assert frames.shape == (2, 5, 4, 5)
    assert mask.sum(axis=1).tolist() == [1, 3]
    with pytest.raises(FerError, match="8 frames do not fit into 5"):
        made().padded(time=5)


def test_frames_in_colour():
    frames, _ = made([np.zeros((2, 4, 5, 3), np.uint8)], [0], [0]).padded(time=3)
    assert frames.shape == (1, 3, 4, 5, 3)


def test_held_out_sequences_are_valid():
    found = made().held_out([1, 3])
    assert found.peaks.split.tolist() == ["train", "valid", "train", "valid"]
    assert (found.frames.split == "valid").sum() == 14
    assert set(made().frames.split) == {"train"}


def test_folds_keep_a_person_on_one_side(drawn):
    folds = drawn.folds(3, seed=0)
    held = [part.peaks.rows("valid") for part in folds]
    assert np.sort(np.concatenate(held)).tolist() == list(range(48))
    for part in folds:
        peaks = part.peaks
        assert not np.intersect1d(*(peaks.groups[peaks.rows(s)] for s in ("train", "valid"))).size
    again = drawn.folds(3, seed=0)
    assert [a.fingerprint for a in folds] == [a.fingerprint for a in again]


def test_folds_by_sequence_share_persons(drawn):
    peaks = drawn.folds(3, by_person=False)[0].peaks
    shared = np.isin(peaks.groups[peaks.rows("valid")], peaks.groups[peaks.rows("train")])
    assert shared.mean() > 0.5


def test_more_folds_than_persons_are_refused():
    with pytest.raises(FerError, match="cannot make 4 folds of 3 groups"):
        made().folds(4)


def test_a_class_of_one_person_is_named():
    with pytest.warns(UserWarning, match="one person alone shows sad: "):
        made(groups=[7, 8, 9, 8]).folds(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(groups=[7, 8, 9, 7]).folds(2)


def test_the_fingerprint_tells_frames_their_order_and_the_split():
    found = made()
    changed = [found.take([1, 0, 2, 3]), found.thinned(3), found.held_out([0])]
    assert len({found.fingerprint, *(one.fingerprint for one in changed)}) == 4
    assert made().fingerprint == found.fingerprint


def test_drawn_sequences_have_ckplus_classes(drawn):
    film = synthetic.sequences(48, (3, 6), 16, seed=1, persons=12)
    assert drawn.classes == CKPLUS
    assert len(drawn) == 48
    spelt = {"anger": "anger", "happiness": "happy"}
    for i, frames in enumerate(film.frames):
        np.testing.assert_array_equal(drawn.frames.images[drawn.rows[i]], frames)
        name = film.classes[film.labels[i]]
        assert CKPLUS[drawn.peaks.labels[i]] == spelt.get(name, name)
    assert len(np.unique(drawn.peaks.groups)) == len(np.unique(film.identity))


def test_ckplus_folders_become_the_sequences_that_were_written(tmp_path):
    root = synthetic.write_ckplus(tmp_path / "ck", 4, each=4, frames=(4, 9), size=(20, 26))
    found = sequences.load("ckplus", root)
    dataset, rows = ckplus.load_sequences(root)
    assert found.classes == CKPLUS
    assert found.frames.images.shape[1:] == (20, 26)
    assert [own.tolist() for own in found.rows] == [own.tolist() for own in rows]
    for own in found.rows:
        folders = {name.rsplit("/", 1)[0] for name in found.frames.names[own]}
        assert len(folders) == 1
        assert found.frames.names[own].tolist() == sorted(found.frames.names[own])
    np.testing.assert_array_equal(found.peaks.labels, dataset.labels[[own[-1] for own in rows]])


def test_what_is_no_sequence_is_refused():
    with pytest.raises(FerError, match="there are ckplus, synthetic"):
        sequences.load("fer2013")
    with pytest.raises(FerError, match="there are no sequences"):
        made([], [], [])
    with pytest.raises(FerError, match="sequence 1 has no frames"):
        made([FRAMES[0], FRAMES[0][:0]], [0, 1], [0, 1])
    with pytest.raises(FerError, match="no sequences: give one"):
        made().take([])
    with pytest.raises(FerError, match=r"sequence 1 has frames of \(5, 4\), sequence 0 of \(4, 5"):
        made([FRAMES[0], FRAMES[1].transpose(0, 2, 1)], [0, 1], [0, 1])


@pytest.mark.parametrize("field", ["labels", "groups", "split"])
def test_frames_of_one_sequence_agree(field):
    found = made()
    across = [*found.rows[:2], np.concatenate(found.rows[2:])]
    sequences.SequenceSet(found.frames, found.rows)
    values = {"labels": [0, 1, 1, 1], "groups": [0, 1, 2, 3]}
    if field == "split":
        frames = made(groups=[0] * 4, labels=[0] * 4).held_out([3]).frames
    else:
        frames = made(**{"labels": [0] * 4, "groups": [0] * 4, field: values[field]}).frames
        across = [found.rows[0], np.concatenate(found.rows[1:])]
        across = across if field == "groups" else [np.concatenate(found.rows[:2])]
    with pytest.raises(FerError, match=f"the {field} of sequence "):
        sequences.SequenceSet(frames, across)


def test_a_face_is_cut_at_one_place_through_a_sequence(monkeypatch):
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (t, 40, 60), np.uint8) for t in (3, 2)]
    found = made(frames, [0, 1], [0, 1])
    boxes = [faces.Face((10, 5, 20, 20)), faces.Face((30, 10, 20, 20))]
    looked = []

    def locate(dataset, root, side):
        looked.extend(numbers(dataset))
        return [(box,) for box in boxes]

    monkeypatch.setattr(faces, "locate", locate)
    cut = face_sequences.cropped(found, size=20, margin=0)
    assert looked == [(0, 0), (1, 0)], "only first frames are searched"
    np.testing.assert_array_equal(cut.frames.images[:3], frames[0][:, 5:25, 10:30])
    np.testing.assert_array_equal(cut.frames.images[3:], frames[1][:, 10:30, 30:50])
    with pytest.raises(FerError, match="cannot be dropped"):
        face_sequences.cropped(found, no_face="drop")


def test_filmstrips_have_a_row_for_each_sequence():
    axes = plots.filmstrips(made(), [1, 2], most=4)
    assert axes.shape == (2, 4)
    assert [line[0].texts[0].get_text() for line in axes] == ["sad", "happy"]
    assert [len(ax.images) for ax in axes[1]] == [1, 0, 0, 0]
    np.testing.assert_array_equal(axes[0, 3].images[0].get_array(), FRAMES[1][-1])
    assert plots.filmstrips(made(), [1, 2], most=4, axes=axes) is axes
    plt.close("all")


def test_unfolding_draws_a_line_for_each_model():
    scores = pd.DataFrame({"peak": [0.2, 0.5], "gru": [0.3, 0.6]}, index=[0.5, 1.0])
    ax = plots.unfolding(scores, scores / 10, chance=0.14)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(names) == ["a constant answer", "gru", "peak"]
    (bars,) = ax.containers[1][2]
    np.testing.assert_allclose(bars.get_segments()[1][:, 1], [0.54, 0.66])
    assert plots.unfolding(scores, scores / 10, ax=ax) is ax
    plt.close("all")
