"""Which mistakes, whose they are, and which labels are doubtful."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from fer_utils import evaluation
from fer_utils.datasets import synthetic
from fer_utils.errors import FerError

CLASSES = ("a", "b", "c")
LABELS = np.array([0, 0, 0, 1, 1, 2])
SAID = np.array(
    [[0.8, 0.1, 0.1], [0.1, 0.9, 0], [0.3, 0.6, 0.1], [0, 1, 0], [0.1, 0.2, 0.7], [0, 0.1, 0.9]]
)  # answers 0, 1, 1, 1, 2, 2


def test_confusion():
    table = evaluation.confusion(LABELS, SAID, CLASSES)
    assert (table.to_numpy() == metrics.confusion_matrix(LABELS, SAID.argmax(axis=1))).all()
    assert (table.index.name, table.columns.name) == ("label", "answer")
    assert table.loc["a"].tolist() == [1, 2, 0]
    with pytest.raises(FerError, match="2 class names, but 3 columns"):
        evaluation.confusion(LABELS, SAID, ("a", "b"))


def test_the_largest_cells_off_the_diagonal():
    counts = evaluation.confusion(LABELS, SAID, CLASSES)
    table = evaluation.largest_confusions(counts)
    assert table[["label", "answer"]].to_numpy().tolist() == [["a", "b"], ["b", "c"]]
    assert table["rows"].tolist() == [2, 1]
    assert table["share"].tolist() == pytest.approx([2 / 3, 1 / 2])
    assert table["of mistakes"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert list(table.columns) == ["label", "answer", "rows", "share", "of mistakes"]
    assert len(evaluation.largest_confusions(counts, 1)) == 1
    once = evaluation.confusion([0, 0], np.eye(3)[[0, 2]], CLASSES)
    assert evaluation.largest_confusions(once)["of mistakes"].tolist() == [1]
    perfect = evaluation.confusion([0, 1, 1], np.eye(3)[[0, 1, 1]], CLASSES)
    assert evaluation.largest_confusions(perfect).empty


def test_of_equal_cells_the_first_five():
    names = [*"abcdefg"]
    counts = pd.DataFrame(1, pd.Index(names, name="label"), pd.Index(names, name="answer"))
    counts["e"] = 2
    table = evaluation.largest_confusions(counts)
    assert table["label"].tolist() == [*"abcdf"]
    assert table["answer"].tolist() == ["e"] * 5
    assert table["of mistakes"].tolist() == pytest.approx([2 / 48] * 5)
    assert evaluation.largest_confusions(counts, 8)["answer"].tolist() == ["e"] * 6 + ["b", "c"]


def test_the_surest_mistakes_come_first():
    assert evaluation.surest_mistakes(LABELS, SAID).tolist() == [1, 4, 2]
    assert evaluation.surest_mistakes(LABELS, SAID, 2).tolist() == [1, 4]
    assert not len(evaluation.surest_mistakes([0, 1], np.eye(3)[[0, 1]]))
    sure = np.where(np.arange(400) % 3 == 0, 0.9, 0.6)  # of equals the first
    said = np.stack([1 - sure, sure], axis=1)
    surest = evaluation.surest_mistakes([0] * 400, said).tolist()
    assert surest == [*np.flatnonzero(sure == 0.9), *np.flatnonzero(sure == 0.6)]


def test_the_least_believed_labels_come_first():
    assert evaluation.doubted(LABELS, SAID, 3).tolist() == [1, 4, 2]
    assert sorted(evaluation.doubted(LABELS, SAID).tolist()) == list(range(6))
    sure = np.where(np.arange(400) % 3 == 0, 0.9, 0.6)
    least = evaluation.doubted([1] * 400, np.stack([1 - sure, sure], axis=1)).tolist()
    assert least == [*np.flatnonzero(sure == 0.6), *np.flatnonzero(sure == 0.9)]


def test_whom_a_second_opinion_sides_with():
    found = evaluation.second_opinion(LABELS, SAID, np.array([0, 1, 0, -1, 0, 2]))
    assert found["mistakes"] == 3
    sides = ("with the model", "with the label", "with neither")
    assert [found[side] for side in sides] == pytest.approx([1 / 3] * 3)
    assert found["labels confirmed"] == pytest.approx(3 / 5)
    found = evaluation.second_opinion([0] * 6, np.eye(3)[[1] * 6], [1, 0, 0, 2, 2, 2])
    assert [found[side] for side in sides] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        right = evaluation.second_opinion([0, 1], np.eye(3)[[0, 1]], [0, 2])
    assert right["mistakes"] == 0
    assert np.isnan(right["with the model"])
    for opinion, message in (([0], "6 labels, but 1 opinions"), ([-1] * 6, "all are -1")):
        with pytest.raises(FerError, match=message):
            evaluation.second_opinion(LABELS, SAID, opinion)


def test_parts_keep_their_order():
    part = pd.Categorical(["dark", "dark", "bright"] * 2, ["dark", "middling", "bright"])
    table = evaluation.by_part(LABELS, SAID, part)
    assert table.index.tolist() == ["dark", "bright"]
    assert table["rows"].tolist() == [4, 2]
    assert table["accuracy"].tolist() == [0.5, 0.5]
    assert table["error"].iloc[0] == pytest.approx(np.sqrt(0.25 / 6))
    with pytest.raises(FerError, match="6 labels, but 1 rows have a part"):
        evaluation.by_part(LABELS, SAID, ["dark"])


def test_parts_go_by_their_place():
    part = ["x", "x", "y", "y", "y", "y"]
    table = evaluation.by_part(LABELS, SAID, pd.Series(part, index=range(2, 8)))
    pd.testing.assert_frame_equal(table, evaluation.by_part(LABELS, SAID, part))
    with pytest.raises(FerError, match="2 of 6 rows have no part, first row 1: leave them out"):
        evaluation.by_part(LABELS, SAID, ["x", None, "y", np.nan, "y", "y"])


def test_thirds_by_what_is_seen():
    """Bright images are answered right, dark ones wrong; stripes are sharp, the rest flat."""
    images = np.repeat(np.arange(10, 250, 20)[:, None, None], 8, axis=1).repeat(8, axis=2)
    images[::2, :, ::2] += 5
    labels = np.zeros(12, int)
    said = np.eye(2)[(np.arange(12) < 6).astype(int)]
    table = evaluation.by_look(images.astype(np.uint8), labels, said)
    assert list(table.index[:3]) == ["brightness, low", "brightness, middle", "brightness, high"]
    assert table["accuracy"].tolist()[:3] == [0, 0.5, 1]
    assert (table["rows"] == 4).all()
    assert table.loc["sharpness, high", "accuracy"] == 0.75  # images 4, 6, 8 and 10
    with pytest.raises(FerError, match="2 values cannot be parted into thirds: give three"):
        evaluation.by_look(images[:2], labels[:2], said[:2])


def test_contrast_and_sharpness_of_colour_images():
    """Images that fall ever steeper to the right; the flatter one is, the greener."""
    steps = np.arange(1, 7)[:, None]
    images = np.zeros((6, 8, 8, 3), np.uint8)
    images[:] = (100 - steps * np.arange(8))[:, None, :, None]
    images[..., 1] += np.uint8(14 - 2 * steps[:, :, None])
    table = evaluation.by_look(images, [1] * 6, np.eye(2)[[1, 1, 1, 0, 0, 0]])
    for look in ("contrast", "sharpness"):
        thirds = [f"{look}, {level}" for level in ("low", "middle", "high")]
        assert table.loc[thirds, "accuracy"].tolist() == [1, 0.5, 0]


def test_thirds_of_values():
    found = evaluation.thirds([5, 1, 1, 9, 2, 7], ("few", "some", "many"))
    assert found.tolist() == ["some", "few", "few", "many", "some", "many"]
    assert found.cat.categories.tolist() == ["few", "some", "many"]
    assert evaluation.thirds([4, 4, 4]).tolist() == ["low", "middle", "high"]
    with pytest.raises(FerError, match="3 values cannot be parted into thirds: 1 are NaN"):
        evaluation.thirds([1, np.nan, 2])


def test_wrong_labels_of_synthetic_faces_are_known():
    options = {"n": 300, "size": 16, "seed": 3, "twins": 0.1, "blanks": 0.02}
    dataset, known = synthetic.load(**options), synthetic.truth(**options)
    assert (known.images == dataset.images).all()
    assert (known.labels == dataset.labels).all()
    train = dataset.rows("train")
    assert (known.true_labels[train] != dataset.labels[train]).mean() == pytest.approx(
        0.08, abs=0.04
    )
    assert (known.true_labels >= 0).all()
    assert len(known.pose) == len(known.occluder) == 300
    black = dataset.images.reshape(300, -1).max(axis=1) == 0
    assert black.any()
