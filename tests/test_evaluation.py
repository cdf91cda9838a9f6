import dataclasses
import math

import numpy as np
import pytest
from sklearn import metrics

from fer_utils import datasets, evaluation
from fer_utils.errors import FerError


def certain(answers, classes=7):
    """Return probabilities that give these answers with certainty."""
    return np.eye(classes, dtype=np.float32)[answers]


def predicted(dataset, rows, answers):
    return {"index": rows, "split": dataset.split[rows], "probabilities": certain(answers)}


@pytest.fixture
def truth(faces):
    """Return a label for every row of ``faces``, those of the test rows too."""
    return np.where(faces.labels >= 0, faces.labels, 3)


@pytest.fixture
def with_twins(faces):
    """Return faces whose first two valid and first test row repeat training images."""
    images = faces.images.copy()
    images[faces.rows("valid")[:2]] = images[faces.rows("train")[:2]]
    images[faces.rows("test")[0]] = images[faces.rows("train")[5]]
    groups = datasets.group_identical(images, faces.groups)
    return dataclasses.replace(faces, images=images, groups=groups)


def test_score_by_hand():
    # Three of four are right. Recall 1/2, 1, 1; precision 1, 1/2, 1 of classes 0, 1, 2.
    scores = evaluation.score([0, 0, 1, 2], certain([0, 1, 1, 2], 3))
    assert scores["n"] == 4
    assert scores["accuracy"] == 0.75
    assert scores["standard_error"] == pytest.approx(math.sqrt(0.75 * 0.25 / 4))
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_score_agrees_with_sklearn():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 7, 300), rng.dirichlet(np.ones(7), 300)
    scores = evaluation.score(labels, probabilities)
    answers = probabilities.argmax(axis=1)
    assert scores["accuracy"] == metrics.accuracy_score(labels, answers)
    assert scores["macro_f1"] == pytest.approx(metrics.f1_score(labels, answers, average="macro"))


def test_macro_f1_is_over_the_classes_that_occur():
    assert evaluation.score([0, 1], certain([0, 1]))["macro_f1"] == 1
    # A wrong answer of a class that does not occur costs its row, not a class of its own.
    assert evaluation.score([0, 0], certain([0, 5]))["macro_f1"] == pytest.approx(2 / 3)


def test_certain_scores_have_no_error():
    assert evaluation.score([1, 1], certain([1, 1]))["standard_error"] == 0
    assert evaluation.score([1, 1], certain([2, 2]))["accuracy"] == 0


def accuracy(labels, probabilities):
    return (probabilities.argmax(axis=1) == labels).mean()


def test_bootstrap_agrees_with_the_binomial_error():
    labels = np.zeros(400, int)
    answers = certain((np.arange(400) % 4 == 0).astype(int))  # three quarters are right
    values = evaluation.bootstrap(labels, answers, accuracy, draws=2000)
    assert values.mean() == pytest.approx(0.75, abs=0.005)
    assert values.std() == pytest.approx(math.sqrt(0.75 * 0.25 / 400), rel=0.1)


def test_bootstrap_draws_whole_groups():
    # Forty persons with ten equal rows each know no more than forty rows do.
    labels, persons = np.zeros(400, int), np.arange(400) // 10
    answers = certain((persons % 4 == 0).astype(int))
    values = evaluation.bootstrap(labels, answers, accuracy, groups=persons, draws=2000)
    assert values.std() == pytest.approx(math.sqrt(0.75 * 0.25 / 40), rel=0.1)


def test_bootstrap_draws_by_a_seed():
    labels, answers = np.arange(100) % 7, certain(np.zeros(100, int))
    default, first, second = (
        evaluation.bootstrap(labels, answers, accuracy, draws=5, **seed).tolist()
        for seed in ({}, {"seed": 0}, {"seed": 1})
    )
    assert default == first != second


def test_bootstrap_draws_the_same_rows_for_each_model():
    labels = np.arange(100) % 7
    drawn = []
    for answers in (certain(labels), certain((labels + 1) % 7)):
        evaluation.bootstrap(labels, answers, lambda y, _: drawn.append(y) or 0.0, draws=2)
    assert (drawn[0] == drawn[2]).all()
    assert (drawn[1] == drawn[3]).all()
    assert (drawn[0] != drawn[1]).any()


def test_one_class():
    found = evaluation.of_class([0, 0, 0, 1, 1], certain([0, 0, 1, 0, 2]), 0)
    assert found["recall"] == found["precision"] == pytest.approx(2 / 3)
    assert found["recall_error"] == pytest.approx(math.sqrt(3 / 5 * 2 / 5 / 5))
    assert found["rows"] == 3
    none = evaluation.of_class([0, 0, 1], certain([1, 1, 1]), 0)
    assert none["recall"] == 0
    assert math.isnan(none["precision"])
    assert none["recall_error"] > 0.1, "two rows missed are no certain zero"
    with pytest.raises(FerError, match="no row has label 3"):
        evaluation.of_class([0], certain([0]), 3)


def test_bootstrap_needs_a_group_for_each_row():
    with pytest.raises(FerError, match="2 labels, but 1 groups"):
        evaluation.bootstrap([0, 1], certain([0, 1]), accuracy, groups=[0])
    with pytest.raises(FerError, match="nothing to score"):
        evaluation.bootstrap([], np.zeros((0, 7)), accuracy)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.zeros((0, 7)), "there are no rows"),
        ([0, 1], certain([0]), "2 labels, but 1 rows of probabilities"),
        ([0, -1, -1], certain([0, 1, 2]), "2 of 3 labels are unknown or withheld"),
        ([0, 1], np.array([[0.5, 0.5], [np.nan, 1]]), "row 1: a probability is NaN"),
    ],
)
def test_what_cannot_be_scored(labels, probabilities, message):
    with pytest.raises(FerError, match=message):
        evaluation.score(np.array(labels, int), probabilities)


def test_twins_are_found_by_their_pixels(with_twins):
    valid, test = with_twins.rows("valid"), with_twins.rows("test")
    twins = evaluation.twins_in_train(with_twins)
    assert np.flatnonzero(twins).tolist() == [valid[0], valid[1], test[0]]


def test_twins_within_training_or_outside_it_do_not_count(faces):
    images = faces.images.copy()
    images[1] = images[0]
    images[faces.rows("test")[3]] = images[faces.rows("valid")[3]]
    groups = datasets.group_identical(images, faces.groups)
    dataset = dataclasses.replace(faces, images=images, groups=groups)
    assert not evaluation.twins_in_train(dataset).any()


def test_evaluate_scores_with_and_without_twins(with_twins):
    rows = with_twins.rows("valid", "test")
    answers = with_twins.labels[rows] % 7
    answers[2] = (answers[2] + 1) % 7  # the first valid row that has no twin
    scores = evaluation.evaluate(with_twins, predicted(with_twins, rows, answers))
    n = len(with_twins.rows("valid"))
    assert scores["scored_on"] == "valid"
    assert scores["n"] == n
    assert scores["accuracy"] == pytest.approx((n - 1) / n)
    assert scores["accuracy_without_twins"] == pytest.approx((n - 3) / (n - 2))
    assert scores["standard_error"] == pytest.approx(math.sqrt((n - 1) / n / n / n))


def test_order_of_the_predictions_does_not_matter(with_twins):
    rows = with_twins.rows("valid", "test")
    answers = np.arange(len(rows)) % 7
    scores = evaluation.evaluate(with_twins, predicted(with_twins, rows, answers))
    mixed = np.random.default_rng(1).permutation(len(rows))
    shuffled = predicted(with_twins, rows[mixed], answers[mixed])
    assert evaluation.evaluate(with_twins, shuffled) == scores


def test_only_twins_means_no_score_without_them(with_twins):
    rows = with_twins.rows("valid")[:2]
    scores = evaluation.evaluate(with_twins, predicted(with_twins, rows, [0, 0]))
    assert "accuracy_without_twins" not in scores
    assert scores["n"] == 2


def test_nothing_for_unlabelled_rows(faces):
    rows = faces.rows("test")
    assert evaluation.evaluate(faces, predicted(faces, rows, faces.labels[rows] * 0)) == {}


def test_held_out_training_rows_stand_in(faces):
    hidden = np.where(faces.split == "train", faces.labels, -1)
    dataset = dataclasses.replace(faces, labels=hidden)
    rows = np.concatenate([np.arange(10), dataset.rows("valid", "test")])
    answers = np.where(dataset.labels[rows] >= 0, dataset.labels[rows], 0)
    scores = evaluation.evaluate(dataset, predicted(dataset, rows, answers))
    assert (scores["scored_on"], scores["n"], scores["accuracy"]) == ("train", 10, 1)


def test_evaluate_final_reads_the_withheld_labels(with_twins, truth, monkeypatch):
    rows = with_twins.rows("valid", "test")
    answers = truth[rows]
    answers[-1] = (answers[-1] + 1) % 7
    asked = []

    def withheld(dataset, root, **options):
        asked.append((root, options))
        return truth[dataset.rows("test")].astype(np.int8)

    monkeypatch.setattr(datasets, "private_labels", withheld)
    given = predicted(with_twins, rows, answers)
    scores = evaluation.evaluate_final(with_twins, "there", given, n=200)
    n = len(with_twins.rows("test"))
    assert asked == [("there", {"n": 200})]
    assert (scores["scored_on"], scores["n"]) == ("test", n)
    assert scores["accuracy"] == pytest.approx((n - 1) / n)
    assert scores["accuracy_without_twins"] == pytest.approx((n - 2) / (n - 1))
    assert (with_twins.labels[with_twins.rows("test")] == -1).all(), "the Dataset learns nothing"


def test_evaluate_final_of_synthetic_faces():
    options = {"n": 60, "size": 16, "twins": 0.0}
    dataset = datasets.load("synthetic", **options)
    rows = dataset.rows("test")
    answers = datasets.private_labels(dataset, **options)
    scores = evaluation.evaluate_final(dataset, None, predicted(dataset, rows, answers), **options)
    assert (scores["accuracy"], scores["n"]) == (1, len(rows))


def test_evaluate_final_without_test_rows(faces, truth, monkeypatch):
    monkeypatch.setattr(
        datasets, "private_labels", lambda dataset, root: truth[dataset.rows("test")]
    )
    rows = faces.rows("valid")
    with pytest.raises(FerError, match="there are no rows"):
        evaluation.evaluate_final(faces, None, predicted(faces, rows, truth[rows]))


def test_recall():
    found = evaluation.recall([0, 0, 1, 1], certain([0, 2, 1, 1], 3), ("a", "b", "c"))
    assert found.index.tolist() == ["a", "b", "c"]
    assert found.tolist()[:2] == [0.5, 1]
    assert np.isnan(found["c"])


def test_answer_shares():
    shares = evaluation.answer_shares({"probabilities": certain([0, 0, 0, 2], 4)})
    assert shares.tolist() == [0.75, 0, 0.25, 0]


def test_claims_that_hold():
    verdicts = evaluation.check_claims({"one is less than two": 1 < 2}, strict=True)
    assert verdicts.to_dict() == {"one is less than two": "yes"}


def test_claims_that_do_not_hold_stop_only_where_strict():
    claims = {"a": True, "b": False, "c": np.bool_(False)}
    with pytest.raises(AssertionError, match="does not hold: b; c"):
        evaluation.check_claims(claims, strict=True)
    assert evaluation.check_claims(claims, strict=False).tolist() == ["yes", "no", "no"]


def test_macro_f1_among_some_classes_counts_all_rows():
    """Class 0: F1 2/3 (a row of class 2 is taken for it), class 1: 1, class 2: 0."""
    labels, answers = np.array([0, 1, 1, 2]), np.array([0, 1, 1, 0])
    told = np.eye(3)[answers]
    assert evaluation.macro_f1(labels, told) == pytest.approx((2 / 3 + 1) / 3)
    assert evaluation.macro_f1(labels, told, among=[0, 1]) == pytest.approx((2 / 3 + 1) / 2)
    told = np.eye(4)[answers]  # class 3 does not occur
    assert evaluation.macro_f1(labels, told, among=[0, 1, 3]) == pytest.approx((2 / 3 + 1) / 2)


def test_accuracy_is_the_scores():
    labels, probabilities = np.array([0, 1, 2, 1]), np.eye(3)[[0, 1, 0, 1]]
    assert evaluation.accuracy(labels, probabilities) == 0.75
    assert evaluation.score(labels, probabilities)["accuracy"] == 0.75


def test_compare_pairs_the_models():
    rng = np.random.default_rng(0)
    labels, groups = rng.integers(3, size=400), np.arange(400) // 4
    half = np.where(rng.random(400) < 0.5, labels, (labels + 1) % 3)
    better = np.where(np.arange(400) < 40, labels, half)
    answers = {"half": np.eye(3)[half], "same": np.eye(3)[half], "better": np.eye(3)[better]}
    table = evaluation.compare(labels, answers, groups)
    assert list(table.index) == ["half", "same", "better"]
    assert table["accuracy"].tolist() == [
        evaluation.accuracy(labels, answers[name]) for name in table.index
    ]
    drawn = evaluation.bootstrap(labels, answers["half"], evaluation.accuracy, groups)
    assert table.loc["half", "error"] == pytest.approx(drawn.std(), rel=0.01)
    assert table.loc["same", ["gain", "gain_error"]].tolist() == [0, 0]
    row = table.loc["better"]
    assert row["gain"] == pytest.approx((better == labels).mean() - (half == labels).mean())
    assert 0 < row["gain_error"] < row["error"]  # what is hard for both cancels
    assert (table["n"] == 400).all()
