"""All usual scores, their intervals, and two models side by side."""

import itertools
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from fer_utils import evaluation
from fer_utils.errors import FerError

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def drawn(n=400, classes=7, seed=0):
    """Return labels, and probabilities that know something of them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    probabilities = rng.dirichlet(np.ones(classes), n) + 0.3 * np.eye(classes)[labels]
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_all_agree_with_scikit_learn():
    labels, said = drawn()
    answers, found = said.argmax(axis=1), evaluation.measures(labels, said)
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(labels, answers),
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, answers),
            "macro_f1": metrics.f1_score(labels, answers, average="macro"),
            "weighted_f1": metrics.f1_score(labels, answers, average="weighted"),
            "top_2": metrics.top_k_accuracy_score(labels, said, k=2),
            "log_loss": metrics.log_loss(labels, said),
        }
    )
    assert found["macro_f1"] == pytest.approx(evaluation.macro_f1(labels, said))


def test_by_hand():
    said = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.6, 0.3, 0.1]])
    found = evaluation.measures([0, 1, 2, 2], said)  # answers 0, 0, 1, 0
    assert found["accuracy"] == 0.25
    assert found["balanced_accuracy"] == pytest.approx(1 / 3)
    assert found["macro_f1"] == pytest.approx((2 * 1 / (1 + 3)) / 3)
    assert found["weighted_f1"] == pytest.approx(0.5 / 4)
    assert found["top_2"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.log([0.7, 0.3, 0.4, 0.1]).mean())


def test_means_are_over_the_classes_that_occur():
    said = np.eye(7)[[0, 0, 3, 5]]
    found = evaluation.measures([0, 0, 3, 3], said)
    assert found["balanced_accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx(evaluation.macro_f1([0, 0, 3, 3], said))


def test_of_equals_the_first_counts():
    wrong = evaluation.measures([2, 3, 4, 5], np.eye(7)[[0, 0, 0, 0]])
    assert (wrong["accuracy"], wrong["top_2"]) == (0, 0)
    same = evaluation.measures([0, 1, 2], np.full((3, 3), 1 / 3))
    assert (same["accuracy"], same["top_2"]) == pytest.approx((1 / 3, 2 / 3))
    many = np.tile(np.arange(40) % 2 / 20, (40, 1))  # classes 1, 3, 5 and so on
    found = evaluation.measures(np.arange(40), many)
    assert (found["accuracy"], found["top_2"]) == pytest.approx((1 / 40, 2 / 40))
    assert evaluation.measures([0, 1], np.eye(2)[[1, 0]])["top_2"] == 1


def test_rows_of_float32_sum_to_one():
    labels, said = drawn()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluation.measures(labels, said.astype(np.float32))
    assert found == pytest.approx(evaluation.measures(labels, said), abs=1e-6)
    assert evaluation.measures(labels, 1.0009 * said) == pytest.approx(
        evaluation.measures(labels, said)
    )


@pytest.mark.parametrize(
    ("labels", "said", "message"),
    [
        ([0, -1], np.eye(2), "1 of 2 labels are unknown or withheld: give the rows that have one"),
        ([0, 2], np.eye(2), "row 1: label 2, but there are 2 classes"),
        ([0, 1], np.array([[3.0, -2.0], [0.5, 0.5]]), "1 of 2 rows are no probabilities.*softmax"),
        ([0, 1], np.array([[0.5, 0.5], [0.5, 0.2]]), "first row 1: its least is 0.2, its sum 0.7"),
        ([0, 1], np.array([[0.5, 0.5], [np.nan, 1]]), "row 1: a probability is NaN"),
        ([], np.zeros((0, 2)), "there are no rows"),
        ([0], np.eye(2), "1 labels, but 2 rows"),
    ],
)
def test_what_cannot_be_measured_is_said(labels, said, message):
    for function in (evaluation.measures, evaluation.reliability, evaluation.doubted):
        with pytest.raises(FerError, match=message):
            function(np.array(labels, int), said)


def test_what_is_of_another_shape_or_kind_is_said():
    for labels, said, message in (
        ([0.0, 1.0], np.eye(2), r"labels are float64 \(2,\): give whole numbers"),
        ([[0], [1]], np.eye(2), r"labels are int64 \(2, 1\)"),
        ([0, 1], np.ones(2), r"probabilities have the shape \(2,\): give \(n, classes\)"),
    ):
        for function in (evaluation.measures, evaluation.score, evaluation.bootstrap):
            with pytest.raises(FerError, match=message):
                function(labels, said, *[evaluation.accuracy] * (function is evaluation.bootstrap))


def test_intervals_hold_the_value_and_shrink_with_the_rows():
    few, many = (evaluation.intervals(*drawn(n), draws=60) for n in (100, 1600))
    assert list(few.index) == list(evaluation.measures(*drawn(100)))
    for table in (few, many):
        assert (table["low"] <= table["value"]).all()
        assert (table["value"] <= table["high"]).all()
    ratio = ((few["high"] - few["low"]) / (many["high"] - many["low"]))[["accuracy", "log_loss"]]
    assert ratio.between(2.5, 6).all()  # a quarter of the width, for 16 times the rows


def test_an_interval_of_accuracy_is_the_binomial_one():
    labels, said = np.zeros(400, int), np.eye(7)[(np.arange(400) % 4 == 0).astype(int)]
    table = evaluation.intervals(labels, said, draws=200, level=0.8)
    expected = stats.binom(400, 0.75).ppf([0.1, 0.9]) / 400
    assert table.loc["accuracy", ["low", "high"]].tolist() == pytest.approx(expected, abs=0.015)
    drawn = evaluation.bootstrap(labels, said, evaluation.accuracy, draws=200)
    assert table.loc["accuracy", ["low", "high"]].tolist() == pytest.approx(
        np.quantile(drawn, [0.1, 0.9])
    )


def test_an_interval_draws_whole_groups_by_a_seed():
    labels, said = drawn(40)
    persons = np.arange(40) // 20
    table = evaluation.intervals(labels, said, persons, draws=20)
    halves = [evaluation.accuracy(labels[rows], said[rows]) for rows in np.split(np.arange(40), 2)]
    told = table.loc["accuracy"].tolist()
    assert told == pytest.approx([np.mean(halves), min(halves), max(halves)])
    default, first, second = (
        evaluation.intervals(labels, said, draws=20, **seed)
        for seed in ({}, {"seed": 0}, {"seed": 1})
    )
    assert default.equals(first)
    assert not first.equals(second)


def test_a_single_row_has_no_interval():
    with pytest.raises(FerError, match="two rows, or groups of rows"):
        evaluation.intervals([0], np.eye(7)[[0]])
    with pytest.raises(FerError, match="two rows, or groups of rows"):
        evaluation.intervals([0, 1], np.eye(7)[[0, 1]], groups=[4, 4])


def test_each_class():
    labels, said = drawn()
    table = evaluation.by_class(labels, said, CLASSES)
    told = metrics.precision_recall_fscore_support(labels, said.argmax(axis=1))
    for name, values in zip(("precision", "recall", "f1", "rows"), told, strict=True):
        assert table[name].to_numpy() == pytest.approx(values)
    for label, name in enumerate(CLASSES):
        found = evaluation.of_class(labels, said, label)
        assert table.loc[name, "recall"] == pytest.approx(found["recall"])


def test_classes_that_do_not_occur_or_are_never_answered():
    table = evaluation.by_class([0, 0, 1], np.eye(4)[[0, 2, 0]], ("a", "b", "c", "d"))
    assert table["rows"].tolist() == [2, 1, 0, 0]
    assert table["recall"].tolist()[:2] == [0.5, 0]
    assert table["recall"].isna().tolist() == [False, False, True, True]
    assert table["precision"].isna().tolist() == [False, True, False, True]
    assert table["f1"].tolist()[:2] == [0.5, 0]
    assert table["f1"].isna().tolist() == [False, False, True, True]
    assert table["f1"].dtype == np.float64
    with pytest.raises(FerError, match="2 class names, but 4 columns"):
        evaluation.by_class([0], np.eye(4)[[0]], ("a", "b"))


def test_mcnemar_by_hand():
    # Right: both 5 times, the first alone 8, the second alone 2, neither once.
    first = np.array([1] * 5 + [1] * 8 + [0] * 2 + [0])
    second = np.array([1] * 5 + [0] * 8 + [1] * 2 + [0])
    labels = np.ones(16, int)
    found = evaluation.mcnemar(labels, np.eye(2)[first], np.eye(2)[second])
    assert found["p"] == pytest.approx(2 * stats.binom(10, 0.5).cdf(2))
    del found["p"]
    assert found == {"both right": 5, "first alone": 8, "second alone": 2, "both wrong": 1}


def test_models_that_never_differ():
    labels, said = drawn(50)
    assert evaluation.mcnemar(labels, said, said)["p"] == 1


def test_every_pair_the_least_by_chance_first():
    labels, said = drawn()
    worse = np.roll(said, 1, axis=0)
    table = evaluation.mcnemar_table(labels, {"a": said, "b": said, "c": worse})
    assert set(table.index) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert table.index[-1] == ("a", "b")
    assert table["p"].is_monotonic_increasing
    assert table.loc[("a", "c"), "first alone"] > table.loc[("a", "c"), "second alone"]
    assert table.index.names == ["first", "second"]
    counts = table.drop(columns="p")
    assert (counts.dtypes == "int64").all()
    assert (counts.sum(axis=1) == len(labels)).all()
    two = evaluation.mcnemar_table(labels, {"a": said, "c": worse})
    assert two.to_dict("list") == table.loc[[("a", "c")]].to_dict("list")
    names = "abcdefghijkl"
    odd = {name: worse if name in "bdg" else said for name in names}
    pairs = list(itertools.combinations(names, 2))
    differ = [pair for pair in pairs if odd[pair[0]] is not odd[pair[1]]]
    same = [pair for pair in pairs if pair not in differ]
    assert evaluation.mcnemar_table(labels, odd).index.tolist() == differ + same
    for answers, given in (({"a": said}, "a"), ({}, "none")):
        with pytest.raises(FerError, match=f"compares two models, given is {given}: give two"):
            evaluation.mcnemar_table(labels, answers)
    with pytest.raises(FerError, match="400 labels, but 3 rows"):
        evaluation.mcnemar(labels, said, said[:3])
