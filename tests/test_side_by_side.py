import dataclasses

import numpy as np
import pytest

from fer_utils import datasets, evaluation, runs
from fer_utils.errors import FerError


def answers(index, given, classes=7):
    return {
        "index": np.array(index),
        "split": np.array(["valid"] * len(index)),
        "probabilities": np.eye(classes, dtype="float32")[given],
    }


@pytest.fixture
def asked(faces):
    """Return a Dataset of six rows, the last of unknown label."""
    dataset = faces.take(np.arange(6))
    return dataclasses.replace(dataset, labels=np.array([0, 1, 2, 1, 0, -1], np.int8))


def test_only_rows_that_all_were_asked_and_that_are_known_count(asked):
    told = {"a": answers([4, 0, 1, 5], [0, 0, 1, 2]), "b": answers([1, 2, 4, 5], [3, 2, 0, 2])}
    labels, said = evaluation.labelled(asked, told)
    assert labels.tolist() == [1, 0]  # rows 1 and 4
    assert said["a"].argmax(axis=1).tolist() == [1, 0]
    assert said["b"].argmax(axis=1).tolist() == [3, 0]
    table = evaluation.compare_predictions(asked, told)
    assert table["accuracy"].tolist() == [1, 0.5]
    assert table["gain"].tolist() == [0, -0.5]
    assert (table["n"] == 2).all()


def test_no_row_in_common(asked):
    with pytest.raises(FerError, match="no row with a known label was predicted by all of a, b"):
        evaluation.labelled(asked, {"a": answers([0], [0]), "b": answers([1, 5], [0, 0])})


def test_identical_images_are_drawn_together(faces):
    labels = np.arange(40) % 7
    groups = np.zeros(40, np.int64)  # all of one person: another draw is the same rows again
    dataset = dataclasses.replace(faces.take(np.arange(40)), labels=labels, groups=groups)
    told = {"a": answers(np.arange(40), np.zeros(40, int))}
    assert evaluation.compare_predictions(dataset, told)["error"].tolist() == pytest.approx([0])


def test_recalls(asked):
    told = {"a": answers(np.arange(5), [0, 1, 1, 0, 0]), "b": answers(np.arange(5), [2] * 5)}
    table = evaluation.recalls(asked, told)
    assert table.index.tolist() == list(asked.classes)
    assert table["a"].tolist()[:3] == [1, 0.5, 0]
    assert table["b"].tolist()[:3] == [0, 0, 1]
    assert table["a"].isna().tolist()[3:] == [True] * 4


def test_versions_are_those_of_these_data(asked, tmp_path):
    mine = asked.fingerprint
    for name, data in (("v2", "other"), ("v8", mine), ("v5", mine), ("v1", mine)):
        runs.write_json(tmp_path / name / "run.json", {"identity": {"data": data}})
        runs.write_predictions(tmp_path / name / "predictions.npz", **answers([0, 1], [0, 1]))
    found = evaluation.versions(asked, tmp_path)
    assert list(found) == ["v1", "v5", "v8"]
    assert found["v5"]["index"].tolist() == [0, 1]
    assert list(evaluation.versions(asked, tmp_path, last=5)) == ["v1", "v5"]
    assert list(evaluation.versions(asked, tmp_path, last=4)) == ["v1"]
    assert list(evaluation.versions(asked, tmp_path, last=4, also=("v7", "v5"))) == ["v1", "v5"]


def test_restrict_takes_columns_by_name():
    told = np.array([[0.1, 0.2, 0.7], [0, 1, 0], [0.5, 0.5, 0]], np.float32)
    kept = evaluation.restrict(told, ("anger", "sad", "happiness"), ("happy", "angry"))
    assert kept[0] == pytest.approx([7 / 8, 1 / 8])
    assert kept[1] == pytest.approx([0.5, 0.5])  # neither of the two had any
    assert kept[2] == pytest.approx([0, 1])
    assert (kept >= 0).all()
    assert kept.dtype == np.float32
    with pytest.raises(FerError, match="unknown class name 'fear'"):
        evaluation.restrict(told, ("anger", "sad", "happiness"), ("fear",))


def test_asked_about_a_part_takes_what_was_predicted_of_it(asked):
    part = datasets.restrict(asked, ("fear", "disgust"))  # rows 1, 2 and 3
    told = answers([3, 0, 5, 1], [2, 0, 2, 1])
    found = evaluation.asked_about(part, asked, told)
    assert found["index"].tolist() == [2, 0]
    assert found["probabilities"].argmax(axis=1).tolist() == [0, 1]
    labels, said = evaluation.labelled(part, {"a": found})
    assert labels.tolist() == [1, 1]
    assert said["a"].argmax(axis=1).tolist() == [1, 0]


def test_asked_about_a_part_of_which_nothing_was_predicted(asked):
    part = datasets.restrict(asked, ("fear", "disgust"))
    found = evaluation.asked_about(part, asked, answers([0, 4], [0, 0]))
    assert found["index"].tolist() == []
    assert part.labels[found["index"]].tolist() == []
    with pytest.raises(FerError, match="no row with a known label was predicted"):
        evaluation.labelled(part, {"a": found})


def test_scores_table_has_what_is_there():
    fit = dataclasses.make_dataclass("Fit", ["metrics"])
    first = {"model": "v1", "parameters": 10, "accuracy": 0.51249, "n": 5, "macro_f1": 0.4}
    first["device"] = "CPU"
    table = evaluation.scores_table(
        [fit(first), fit(first | {"model": "v6", "start": "imagenet"})]
    )
    assert table.index.tolist() == ["v1", "v6"]
    assert table.columns.tolist() == ["parameters", "start", "accuracy", "macro_f1", "n"]
    assert table.loc["v1", "accuracy"] == 0.512
