"""How sure models are, and how sure they may be."""

import warnings

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from fer_utils import evaluation
from fer_utils.errors import FerError
from fer_utils.evaluation import calibrating


def honest(n=3000, classes=7, seed=0):
    """Return probabilities, and labels drawn from them: right as often as they say."""
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.full(classes, 0.5), n)
    return (rng.random((n, 1)) > said.cumsum(axis=1)[:, :-1]).sum(axis=1), said


def test_reliability_by_hand():
    said = np.array([[0.9, 0.1], [0.95, 0.05], [0.6, 0.4], [0.45, 0.55]])
    table = evaluation.reliability([0, 1, 0, 1], said, bins=5)
    assert table.index.tolist() == pytest.approx([0.6, 1.0])
    assert table["confidence"].tolist() == pytest.approx([0.575, 0.925])
    assert table["accuracy"].tolist() == [1, 0.5]
    assert table["rows"].tolist() == [2, 2]
    assert table.index.name == "up to"
    error = evaluation.calibration_error([0, 1, 0, 1], said, bins=5)
    assert error == pytest.approx((0.425 + 0.425) / 2)
    whole = evaluation.calibration_error([0, 1, 0, 1], said, bins=1)
    assert whole == pytest.approx(0.75 - 0.75)


def test_reliability_agrees_with_scikit_learn():
    labels, said = honest()
    table = evaluation.reliability(labels, said)
    right = said.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(right, said.max(axis=1), n_bins=15)
    assert table["accuracy"].to_numpy() == pytest.approx(accuracy)
    assert table["confidence"].to_numpy() == pytest.approx(confidence)
    assert table["rows"].sum() == len(labels)
    error = np.average(np.abs(table["accuracy"] - table["confidence"]), weights=table["rows"])
    assert evaluation.calibration_error(labels, said) == pytest.approx(error)


def test_certain_and_right_is_calibrated():
    said = np.eye(7)[np.arange(20) % 7]
    assert evaluation.calibration_error(np.arange(20) % 7, said) == 0
    assert evaluation.calibration_error((np.arange(20) + 1) % 7, said) == 1


def test_a_temperature_of_one_changes_nothing_and_more_is_less_sure():
    _, said = honest(50)
    assert evaluation.tempered(said, 1) == pytest.approx(said, abs=1e-5)
    for warmth, surer in ((0.5, True), (2, False)):
        told = evaluation.tempered(said, warmth)
        assert told.sum(axis=1) == pytest.approx(1)
        assert (told.argmax(axis=1) == said.argmax(axis=1)).all()
        assert (told.max(axis=1) > said.max(axis=1)).mean() == surer


@pytest.mark.parametrize("warmth", [0.5, 1.0, 2.5])
def test_the_temperature_that_spoilt_is_found(warmth):
    labels, said = honest()
    spoilt = evaluation.tempered(said, 1 / warmth)
    assert evaluation.temperature(labels, spoilt) == pytest.approx(warmth, rel=0.06)


def test_two_rows_are_enough_for_a_temperature_within_its_limits():
    said = np.array([[0.6, 0.4], [0.6, 0.4]])
    assert evaluation.temperature([0, 0], said) == pytest.approx(0.05, rel=0.01)
    assert evaluation.temperature([0, 1], said) == pytest.approx(20, rel=0.01)


def test_cross_fitting_mends_what_was_too_sure():
    labels, said = honest(1500)
    found = evaluation.calibration(labels, evaluation.tempered(said, 0.4))
    assert found["error"] > 0.1
    assert found["error_after"] < 0.04
    assert found["error_after"] < 3 * found["chance"]
    assert 0.01 < found["chance"] < 0.04
    assert found["n"] == 1500
    spoilt = evaluation.tempered(said, 0.4)
    assert found["temperature"] == evaluation.temperature(labels, spoilt)
    assert found["error"] == evaluation.calibration_error(labels, spoilt)
    crossed = evaluation.cross_tempered(labels, spoilt)
    assert found["error_after"] == evaluation.calibration_error(labels, crossed)


def test_calibration_in_one_bin_is_the_distance_of_two_means():
    labels, said = honest(200)
    found = evaluation.calibration(labels, said, bins=1)
    crossed, right = evaluation.cross_tempered(labels, said), said.argmax(axis=1) == labels
    assert found["error"] == pytest.approx(abs(said.max(axis=1).mean() - right.mean()))
    assert found["error_after"] == pytest.approx(abs(crossed.max(axis=1).mean() - right.mean()))
    assert found["chance"] < evaluation.calibration(labels, said, bins=15)["chance"]


def test_the_seed_deals_the_parts_and_draws_by_chance():
    labels, said = honest(200)
    for told in (
        lambda **seed: evaluation.calibration(labels, said, **seed),
        lambda **seed: evaluation.cross_tempered(labels, said, **seed).tolist(),
        lambda **seed: [held.tolist() for _, held in evaluation.parts(labels, **seed)],
    ):
        assert told() == told() == told(seed=0)
        assert told() != told(seed=1)
    first, second = (evaluation.calibration(labels, said, seed=seed) for seed in (0, 1))
    assert first["error_after"] != second["error_after"]
    assert first["chance"] != second["chance"]


def test_no_row_is_told_by_itself_nor_by_its_twins(monkeypatch):
    labels, said = honest(100)
    groups, fitted = np.arange(100) // 2, []
    monkeypatch.setattr(calibrating, "temperature", lambda y, p: fitted.append(p) or 1.0)
    evaluation.cross_tempered(labels, said, groups)
    assert len(fitted) == 5
    for rows in fitted:
        place = [np.abs(said - row).sum(axis=1).argmin() for row in rows]
        left_out = np.setdiff1d(np.arange(100), place)
        assert len(left_out) > 0
        assert not set(groups[place]) & set(groups[left_out])


def test_parts_are_all_rows_once():
    labels, groups = np.arange(60) % 3, np.arange(60) // 4
    assert len(evaluation.parts(labels)) == 5
    dealt = evaluation.parts(labels, groups, 4)
    assert len(dealt) == 4
    assert np.sort(np.concatenate([held for _, held in dealt])).tolist() == list(range(60))
    for others, held in dealt:
        assert not set(groups[others]) & set(groups[held])


def test_as_many_rows_or_groups_as_parts_are_enough():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the class of one row is no matter
        dealt = evaluation.parts([0, 0, 0, 1], k=3)
    assert sorted(np.concatenate([held for _, held in dealt])) == [0, 1, 2, 3]
    dealt = evaluation.parts([0, 0, 0, 0], [7, 7, 8, 9], k=3)
    assert sorted(held.tolist() for _, held in dealt) == [[0, 1], [2], [3]]


def test_what_cannot_be_dealt_is_said():
    for labels, options, message in (
        ([0, 1, 0, 1], {"k": 1}, "k is 1: take two parts or more"),
        ([0, 1, 0, 1], {"groups": [0, 1, 2], "k": 2}, "4 labels, but 3 groups"),
        ([0.0, 1.0, 0.0], {"k": 2}, "labels are float64"),
        ([0, 1, 0, 1], {"k": 3}, "no class has 3 rows"),
    ):
        with pytest.raises(FerError, match=message):
            evaluation.parts(labels, **options)


def test_what_cannot_be_calibrated_is_said():
    labels, said = honest(20)
    for function, message in (
        (lambda: evaluation.temperature(labels[:1], said[:1]), "there is one"),
        (lambda: evaluation.tempered(said, 0), "temperature 0: it must be above 0"),
        (lambda: evaluation.tempered(said, np.nan), "temperature nan"),
        (lambda: evaluation.reliability(labels, said, bins=0), "at least one, 15 are usual"),
        (lambda: evaluation.cross_tempered(labels[:3], said[:3]), "3 groups cannot be dealt"),
        (lambda: evaluation.cross_tempered(labels, said, groups=[0] * 20), "1 groups cannot"),
        (lambda: evaluation.calibration(labels, said, groups=[0] * 20), "1 groups cannot"),
        (lambda: evaluation.temperature(labels, np.log(said)), "logits go through a softmax"),
    ):
        with pytest.raises(FerError, match=message):
            function()
