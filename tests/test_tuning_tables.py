"""What comes out of studies: tables, what pruning saves, figures."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from fer_utils import plots, tuning
from fer_utils.errors import FerError

EPOCHS = 9
CHOICES = {
    "rate": FloatDistribution(1e-4, 1, log=True),
    "kind": CategoricalDistribution(("dead", "alive")),
    "epochs": CategoricalDistribution((EPOCHS,)),
    "useless": FloatDistribution(0, 1),
}


def objective(values, report):
    if values["useless"] > 0.97:
        raise FerError("too useless")
    for epoch in range(1, EPOCHS + 1):
        gain = (values["kind"] == "alive") * values["rate"] ** 0.2 * epoch / 15
        report(epoch, 0.2 + gain, 2 - gain + values["useless"] / 100, epoch == EPOCHS)


objective.space = tuning.Space("fake", CHOICES, dict)


@pytest.fixture(scope="module")
def studies():
    found = {}
    for name, pruner in (("random", "none"), ("tpe", "halving")):
        found[name] = tuning.open_study(None, name, sampler=name, pruner=pruner, startup=8)
        tuning.search(found[name], objective, 40)
    return found


@pytest.fixture(scope="module")
def random(studies):
    return tuning.trials(studies["random"])


@pytest.fixture(scope="module")
def curves(studies):
    return tuning.curves(studies["random"])


def made(*rows):
    return pd.DataFrame(rows, columns=["state", "accuracy", "spent"])


SEARCH = made(("finished", 0.2, 9), ("pruned", 0.9, 3), ("failed", math.nan, 0),
              ("finished", 0.5, 9), ("finished", 0.6, 9))  # fmt: skip


def test_the_table_holds_what_was_drawn_and_what_came_of_it(random):
    assert list(random)[:6] == ["trial", "state", "accuracy", "spent", "seconds", "problem"]
    assert set(CHOICES) < set(random)
    finished = random[random["state"] == "finished"]
    assert (finished["spent"] == EPOCHS).all()
    dead = finished[finished["kind"] == "dead"]
    assert (dead["accuracy"] == 0.2).all(), "the accuracy itself, not what trials are ranked by"
    assert random["accuracy"].isna().equals(random["state"] == "failed")
    assert set(random["problem"]) <= {"", "too useless"}


def test_a_trial_that_another_process_writes_just_now_is_running():
    study = tuning.open_study(None, "two", sampler="random", pruner="none")
    trial = study.ask(CHOICES)
    trial.set_user_attr("accuracies", [0.2])  # its losses come next
    row = tuning.trials(study).iloc[0]
    assert row["state"] == "running"
    assert math.isnan(row["accuracy"])
    assert tuning.curves(study).empty


def test_curves_hold_every_epoch(random, curves):
    assert curves.groupby("trial").size().tolist() == random["spent"][random["spent"] > 0].tolist()
    last = curves.groupby("trial")["accuracy"].last()
    assert last.tolist() == random["accuracy"].dropna().tolist()
    assert curves["loss"].between(1, 2.1).all()


def test_the_best_values_are_those_of_a_finished_trial(studies):
    best = tuning.best_values(studies["tpe"])
    assert best["kind"] == "alive"
    with pytest.raises(FerError, match="no trial of 'new' has finished"):
        tuning.best_values(tuning.open_study(None, "new"))


def test_importance_finds_what_matters(studies):
    shares = tuning.importance(studies["random"])
    assert shares.sum() == pytest.approx(1)
    assert shares.index[0] == "kind"
    assert shares["useless"] < 0.2
    assert tuning.importance(studies["random"], "loss").index[0] == "kind"
    with pytest.raises(FerError, match="importance needs two finished trials"):
        tuning.importance(tuning.open_study(None, "new"))


def test_epochs_until_a_quality_count_all_trials_before():
    assert tuning.epochs_until(SEARCH, 0.5) == 9 + 3 + 0 + 9
    assert tuning.epochs_until(SEARCH, 0.2) == 9
    assert math.isnan(tuning.epochs_until(SEARCH, 0.7)), "a pruned trial has not finished"


def test_searches_are_compared_by_what_they_spent():
    table = tuning.compare({"a": SEARCH, "b": SEARCH.iloc[:3]}, quality=0.5)
    expected = {"trials": 5, "finished": 3, "pruned": 1, "failed": 1, "epochs": 30, "best": 0.6}
    assert table.loc["a"].to_dict() == {**expected, "epochs_until": 21}
    assert table.loc["b", "best"] == 0.2
    assert math.isnan(table.loc["b", "epochs_until"])


def test_a_replay_ends_the_trials_that_a_pruner_would_have_ended(studies):
    pruned = tuning.open_study(None, "again", sampler="random", pruner="halving")
    real = tuning.search(pruned, objective, 40)
    told = tuning.curves(studies["random"])
    table = tuning.replay(told, "halving", told["trial"].unique())
    real = real[real["state"] != "failed"]
    assert table["spent"].tolist() == real["spent"].tolist()
    assert table["state"].tolist() == real["state"].tolist()


def test_patience_ends_a_trial_whose_loss_rises():
    losses = [3, 2, 1, 2, 2, 1, 0]
    curve = pd.DataFrame({"trial": 7, "epoch": range(1, 8), "accuracy": 0.5, "loss": losses})
    (row,) = tuning.replay(curve, "patience", [7]).to_dict("records")
    assert row == {"trial": 7, "state": "finished", "accuracy": 0.5, "spent": 5}


def test_halving_saves_epochs_and_constant_answers_do_not_stop_it(random, curves):
    quality = random["accuracy"].max() - 0.01
    table = tuning.savings(curves, quality, orders=5)
    assert table.loc["none", "epochs"] == random["spent"].sum()
    assert table.loc["none", "reached"] == 1
    assert table.loc["halving", "epochs"] < 0.5 * table.loc["none", "epochs"]
    assert table.loc["halving", "epochs_until"] < table.loc["none", "epochs_until"]

    dead = curves[curves["trial"].isin(random["trial"][random["kind"] == "dead"])]
    table = tuning.savings(dead, 0.2, rules=("none", "halving"), orders=5)
    assert table.loc["halving", "pruned"] > 0.5 * dead["trial"].nunique()


def slow_starter():
    """Return curves of four trials: the worst one after the first epoch is the best one."""
    rows = [
        (trial, epoch, 0.1 + 0.2 * (epoch - 1) if trial == 3 else 0.2, 1.0)
        for trial in range(4)
        for epoch in range(1, 5)
    ]
    return pd.DataFrame(rows, columns=["trial", "epoch", "accuracy", "loss"])


def test_an_order_that_misses_the_quality_costs_a_search_of_whole_trials_too():
    curves, missed = slow_starter(), 0
    for seed in range(9):
        table = tuning.savings(curves, 0.6, ("halving",), orders=1, seed=seed)
        order = np.random.default_rng(seed).permutation(4)
        replayed = tuning.replay(curves, "halving", order)
        until = tuning.epochs_until(replayed, 0.6)
        again = replayed["spent"].sum() + 4 * (list(order).index(3) + 1)
        missed += np.isnan(until)
        assert table.loc["halving", "epochs_until"] == (again if np.isnan(until) else until)
        assert table.loc["halving", "reached"] == np.isfinite(until)
    assert 0 < missed < 9, "both were seen"


def test_a_quality_that_no_trial_has_costs_both_searches():
    table = tuning.savings(slow_starter(), 0.9, orders=5)
    assert (table["reached"] == 0).all()
    assert table.loc["none", "epochs_until"] == table.loc["none", "epochs"] == 16
    assert table.loc["halving", "epochs_until"] == table.loc["halving", "epochs"] + 16


@pytest.mark.parametrize(
    "draw",
    [
        lambda s, **k: plots.search_history({n: tuning.trials(x) for n, x in s.items()}, **k),
        lambda s, **k: plots.search_curves(tuning.curves(s["tpe"]), **k),
        lambda s, **k: plots.importance(tuning.importance(s["random"]), **k),
        lambda s, **k: plots.parallel_coordinates(
            tuning.trials(s["tpe"]), list(CHOICES), log=("rate",), **k
        ),
    ],
    ids=["history", "curves", "importance", "parallel_coordinates"],
)
def test_figures_are_drawn_on_the_given_axes(draw, studies):
    ax = plt.subplots()[1]
    assert draw(studies, ax=ax) is ax
    ax.figure.canvas.draw()
    assert len(ax.lines) + len(ax.patches) + len(ax.collections) > 3
    own = draw(studies)
    assert own is not ax
    plt.close("all")


def test_the_best_so_far_only_rises():
    ax = plots.search_history({"a": SEARCH})
    heights = ax.lines[0].get_ydata()
    assert list(heights) == [0.2, 0.2, 0.2, 0.5, 0.6]
    plt.close("all")
