"""Studies, with an objective that trains nothing: see test_tuning_training for one that does."""

import ast
import math
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import nbformat
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from fer_utils import locks, paths, tuning
from fer_utils.errors import FerError
from fer_utils.tuning import processes, sampling, searching, storage

SPACE = tuning.Space(
    "fake",
    {"x": FloatDistribution(0, 1), "kind": CategoricalDistribution(("dead", "alive"))},
    plan=dict,
)
EPOCHS = 9


class Fake:
    """Learns a little each epoch where ``kind`` is alive, else answers 0.2 for ever."""

    space = SPACE

    def __init__(self):
        self.seen = []

    def __call__(self, values, report):
        self.seen.append(values)
        for epoch in range(1, EPOCHS + 1):
            accuracy = 0.2 + (values["kind"] == "alive") * values["x"] * epoch / 20
            report(epoch, accuracy, 1 - accuracy, epoch == EPOCHS)


def failing(error):
    """Return an objective that does this in place of training."""

    def objective(values, report):
        if isinstance(error, BaseException):
            raise error
        report(1, 0.3, error)

    objective.space = SPACE
    return objective


def opened(place=None, name="study", **options):
    return tuning.open_study(place, name, **options)


def drawn(study):
    return [trial.params for trial in study.trials]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "studies.journal"


# Spaces


def test_seed002_has_the_cells_of_its_last_round():
    space = tuning.seed002_space()
    assert space.cells == 10 * 3 * 4 * 4 * 2 * 1 * 10 * 3 * 4 * 3**5 == 27_993_600
    assert tuning.seed002_space(epochs=(10, 20, 30)).cells == 3 * space.cells


def test_what_seed002s_batches_go_by_is_part_of_its_identity():
    few, many = (tuning.seed002_space((4,), rows=rows) for rows in (100, 800))
    values = dict.fromkeys(few.choices, 1) | {"batch": 256, "optimizer": "adam"}
    assert few.plan(values).recipe.batch != many.plan(values).recipe.batch
    assert few.identity != many.identity
    assert few.identity == tuning.seed002_space((4,), rows=100).identity


def test_seed002_draws_the_learning_rates_that_talos_drew():
    rate = tuning.seed002_space().choices["learning_rate"]
    study = opened(sampler="random")
    found = {study.ask({"learning_rate": rate}).params["learning_rate"] for _ in range(200)}
    assert sorted(found) == pytest.approx([0.0001 + i * 0.99999 for i in range(10)])


def test_seed002_plans_the_recorded_best_row():
    values = {"learning_rate": 2.00008, "neurons_2": 32, "neurons_3": 128, "neurons_4": 64}
    values |= {"batch": 256, "epochs": 30, "dropout": 0.4, "initializer": "normal"}
    values |= {f"activation_{i}": "tanh" for i in range(1, 6)}
    entry = tuning.seed002_space().plan({**values, "optimizer": "adam"})
    assert entry.recipe.learning_rate == pytest.approx(2.00008e-3)
    assert (entry.recipe.batch, entry.recipe.epochs) == (256, 30)
    few = tuning.seed002_space(rows=600, epochs=(6,)).plan({**values, "optimizer": "sgd"})
    assert few.recipe.learning_rate == pytest.approx(2.00008e-2)
    assert 600 * 6 / few.recipe.batch == pytest.approx(1497 * 30 / 256, rel=0.03), "steps"


def test_the_modern_space_is_continuous_and_plans_a_recipe():
    space = tuning.modern_space(epochs=3)
    assert space.cells == math.inf
    assert space.identity != tuning.modern_space(epochs=4).identity
    values = opened(sampler="random").ask(space.choices).params
    recipe = space.plan(values).recipe
    assert recipe.epochs == 3
    assert recipe.optimizer_options == {"weight_decay": values["weight_decay"]}
    assert recipe.augmentation == values["augmentation"]


# Proposals


@pytest.mark.parametrize("sampler", sampling.SAMPLERS)
def test_one_seed_gives_the_same_proposals(sampler, place):
    options = {"sampler": sampler, "startup": 4}
    whole, parts, other = (opened(sampler=sampler, startup=4, seed=s) for s in (1, 1, 2))
    tuning.search(whole, Fake(), 12)
    tuning.search(parts, Fake(), 12)
    tuning.search(other, Fake(), 12)
    assert drawn(whole) == drawn(parts)
    assert drawn(whole) != drawn(other)
    assert len({values["x"] for values in drawn(whole)}) == 12

    for asked in (5, 12):
        continued = opened(place, seed=1, **options)
        tuning.search(continued, Fake(), asked)
    assert drawn(continued) == drawn(whole), "a study that continues draws what it would have"


def test_tpe_finds_what_learns():
    studies = [opened(sampler=name, startup=8, pruner="none") for name in ("random", "tpe")]
    random, tpe = (tuning.search(study, Fake(), 40)["accuracy"][8:] for study in studies)
    assert tpe.mean() > random.mean() + 0.1


def test_unknown_samplers_and_pruners_are_refused():
    with pytest.raises(FerError, match="no sampler 'grid': there are tpe, random"):
        opened(sampler="grid")
    with pytest.raises(FerError, match="no pruner 'best': there are halving, median, none"):
        opened(pruner="best")


# Trials that end


def test_a_search_counts_to_the_asked_number_and_goes_on(place):
    study, fake = opened(place, pruner="none"), Fake()
    table = tuning.search(study, fake, 4)
    assert table["state"].tolist() == ["finished"] * 4
    assert table["spent"].tolist() == [EPOCHS] * 4
    assert len(tuning.search(study, fake, 4)) == len(fake.seen) == 4
    assert len(tuning.search(opened(place, pruner="none"), fake, 6)) == len(fake.seen) == 6


def test_a_budget_of_epochs_ends_a_search():
    table = tuning.search(opened(pruner="none"), Fake(), epochs=30)
    assert table["spent"].sum() == 36, "the trial that runs may end"
    with pytest.raises(FerError, match="needs an end"):
        tuning.search(opened(), Fake())


def test_pruned_trials_spend_less_and_the_last_epoch_is_never_pruned():
    table = tuning.search(opened(sampler="random"), Fake(), 30)
    pruned = table[table["state"] == "pruned"]
    assert len(pruned) > 10
    assert set(pruned["spent"]) <= {1, 3}, "rungs of successive halving, the ninth is the last"
    assert table["accuracy"].idxmax() in table.index[table["state"] == "finished"]


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_pruned_and_not_fatal(number):
    table = tuning.search(opened(), failing(number), 5)
    assert table["state"].tolist() == ["pruned"] * 5
    assert table["problem"][0] == f"the loss is {number} in epoch 1"


def test_a_trial_that_cannot_be_trained_fails_and_is_not_fatal():
    fake, times = Fake(), iter(range(9))

    def objective(values, report):
        if next(times) % 2:
            raise FerError("out of memory")
        fake(values, report)

    objective.space = SPACE
    table = tuning.search(opened(pruner="none"), objective, 6)
    assert table["state"].tolist() == ["finished", "failed"] * 3
    assert table["problem"][1] == "out of memory"


def test_a_search_whose_first_trials_all_fail_ends():
    with pytest.raises(FerError, match="all of the first 3 trials failed, the last: too small"):
        tuning.search(opened(), failing(FerError("too small")), 20)


def test_a_bug_is_raised_and_not_counted():
    study = opened()
    with pytest.raises(ZeroDivisionError):
        tuning.search(study, failing(ZeroDivisionError()), 5)
    assert len(tuning.search(study, Fake(), 5)) == 5


def test_ctrl_c_ends_the_search_and_the_trial_comes_again():
    study, fake = opened(), Fake()
    with pytest.raises(KeyboardInterrupt):
        tuning.search(study, failing(KeyboardInterrupt()), 5)
    assert len(tuning.search(study, fake, 5)) == 5
    assert fake.seen[0] == study.trials[0].params


# Several processes, some of which die


WORKER = textwrap.dedent(
    """
    import sys, time
    sys.path.insert(0, sys.argv[5])
    import test_tuning
    from fer_utils import tuning

    class Slow(test_tuning.Fake):
        def __call__(self, values, report):
            def slowly(epoch, *told):
                report(epoch, *told)
                time.sleep(float(sys.argv[3]))
                if len(self.seen) == int(sys.argv[4]):
                    print("now", flush=True)
                    time.sleep(600)
            super().__call__(values, slowly)

    study = test_tuning.opened(sys.argv[1], pruner="none")
    print("ready", flush=True)
    tuning.search(study, Slow(), int(sys.argv[2]))
    """
)


def worker(place, trials, pause, stop):
    """Start a process that searches; it waits for ever in the ``stop``-th of its trials."""
    arguments = [str(place), str(trials), str(pause), str(stop), str(paths.PROJECT / "tests")]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments],
        cwd=paths.PROJECT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(process, word):
    for line in process.stdout:
        if line.strip() == word:
            return
    raise AssertionError(f"it ended with {process.wait()} before it said {word!r}")


def test_a_killed_study_continues_to_the_asked_number(place):
    process = worker(place, trials=6, pause=0, stop=3)
    wait_for(process, "now")
    process.send_signal(signal.SIGKILL)
    process.wait()

    study, fake = opened(place, pruner="none"), Fake()
    finished = study.get_trials(states=(TrialState.COMPLETE,))
    assert len(finished) == 2
    table = tuning.search(study, fake, 6)
    assert table["state"].tolist() == ["finished"] * 6
    assert len(fake.seen) == 4, "two were done, the killed one comes again, three are new"
    assert fake.seen[0] == study.trials[2].params
    assert study.trials[2].state == TrialState.FAIL
    assert study.get_trials(states=(TrialState.COMPLETE,))[:2] == finished


def test_two_processes_share_a_study(place):
    process, fake = worker(place, trials=30, pause=0.01, stop=99), Fake()
    wait_for(process, "ready")
    study = opened(place, pruner="none")
    while not study.get_trials(deepcopy=False):
        time.sleep(0.01)
    tuning.search(study, fake, 30)
    assert process.wait() == 0
    table = tuning.search(study, fake, 30)
    assert table["state"].tolist() == ["finished"] * 30
    owners = [trial.user_attrs["process"] for trial in study.trials if trial.value]
    assert len(set(owners)) == 2
    assert len(fake.seen) == owners.count(locks.this_process())
    assert len(set(table["x"])) == 30


def left_running(study, owner):
    """Leave a trial as a process leaves it that was killed or runs on."""
    trial = study.ask(SPACE.choices)
    trial.set_user_attr("process", owner)
    return trial


def of_the_dead():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{locks.this_process().rsplit(':', 1)[0]}:{process.pid}"


def test_a_trial_whose_process_always_dies_is_given_up():
    study, fake = opened(), Fake()
    killer = left_running(study, of_the_dead()).params
    for _ in range(2):
        processes.give_up_dead(study)
        assert left_running(study, of_the_dead()).params == killer
    tuning.search(study, fake, 3)
    assert killer not in fake.seen


def test_a_living_process_keeps_its_trial_and_another_machine_for_an_hour(monkeypatch, capsys):
    study = opened(pruner="none")
    left_running(study, "another machine:1")
    left_running(study, f"{locks.this_process().rsplit(':', 1)[0]}:{os.getppid()}")
    assert tuning.search(study, Fake(), 4)["state"].tolist() == ["running"] * 2 + ["finished"] * 2
    assert "2 trials are still running in other processes" in capsys.readouterr().out
    monkeypatch.setattr(processes, "GRACE", -1)
    assert tuning.search(study, Fake(), 4)["state"].tolist() == ["running"] + ["finished"] * 3


def test_a_trial_of_a_task_that_runs_again_is_tried_again_at_once():
    study, fake = opened(pruner="none"), Fake()
    lost, other = (left_running(study, "another machine:1") for _ in range(2))
    for trial, task in ((lost, "lost"), (other, "other")):
        trial.set_user_attr("task", task)
    assert searching.step(study, fake, trials=2, task="lost")
    assert fake.seen == [lost.params]
    states = [trial.state for trial in study.trials]
    assert states == [TrialState.FAIL, TrialState.RUNNING, TrialState.COMPLETE]


def test_a_trial_that_was_given_up_too_early_ends_quietly():
    study, fake = opened(pruner="none"), Fake()

    def objective(values, report):
        if len(study.trials) == 1:
            study.tell(0, state=TrialState.FAIL)  # as another process would
        fake(values, report)

    objective.space = SPACE
    assert len(tuning.search(study, objective, 3)) == 3


def test_who_asks_for_one_too_many_steps_back(monkeypatch):
    study, ask = opened(pruner="none"), optuna.Study.ask

    def meanwhile(self, *arguments):
        monkeypatch.setattr(optuna.Study, "ask", ask)
        left_running(self, "another machine:1")
        return ask(self, *arguments)

    tuning.search(study, Fake(), 2)
    monkeypatch.setattr(optuna.Study, "ask", meanwhile)
    fake = Fake()
    assert len(tuning.search(study, fake, 3)) == 3
    assert fake.seen == []


# Files and databases


def test_one_file_holds_several_studies(place):
    for name in ("random", "tpe"):
        tuning.search(opened(place, name, sampler=name), Fake(), 2)
    assert len(tuning.trials(opened(place, "random", sampler="random"))) == 2


def test_a_file_is_left_as_it_is_where_nothing_is_to_be_done(tmp_path):
    path = tmp_path / "studies.journal"
    tuning.search(opened(path, "tpe"), Fake(), 2)
    written = path.read_bytes()
    assert len(tuning.search(opened(path, "tpe"), Fake(), 2)) == 2
    assert path.read_bytes() == written


def test_a_study_of_something_else_is_refused_or_begun_anew(place):
    tuning.search(opened(place, identity={"data": "a"}), Fake(), 2)
    with pytest.raises(FerError, match="'study' was begun with another data a -> b: give it ano"):
        opened(place, identity={"data": "b"})
    assert opened(place, identity={"data": "b"}, anew=True).trials == []
    assert opened(place, identity={"data": "b"}).trials == []


def test_a_study_that_is_deleted_is_named_with_its_trials_and_the_reason(place, capsys):
    tuning.search(opened(place, identity={"data": "a"}), Fake(), 2)
    capsys.readouterr()
    opened(place, identity={"data": "a"}, anew=True)
    assert capsys.readouterr().out == ""
    opened(place, identity={"data": "b"}, startup=3, anew=True)
    assert capsys.readouterr().out == (
        "deletes the study 'study' with its 2 trials and begins it anew: "
        "it was begun with another data a -> b, startup 10 -> 3\n"
    )


def opening(call, **parameters):
    """Return with which options a call in notebook 13 opens a study, given these parameters."""
    notebook = nbformat.read(paths.PROJECT / "notebooks/13_search_hyperparameters.ipynb", 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    known = {}
    exec(next(c.source for c in cells if "parameters" in c.metadata.get("tags", [])), known)
    nodes = (node for cell in cells for node in ast.walk(ast.parse(cell.source)))
    calls = [
        n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) == "tuning.open_study"
    ]
    return {
        keyword.arg: eval(ast.unparse(keyword.value), known | parameters)
        for keyword in calls[call].keywords
    }


@pytest.mark.parametrize("call", [0, 1], ids=["seed002", "modern"])
def test_notebook_13_goes_on_with_more_trials(call, place):
    few, many = (opening(call, TRIALS=trials) for trials in (4, 20))
    tuning.search(opened(place, **few), Fake(), 4)
    assert len(opened(place, **many).trials) == 4


@pytest.mark.parametrize("call", [0, 1], ids=["seed002", "modern"])
def test_notebook_13_deletes_no_study_that_others_may_share(call, place):
    tuning.search(opened(place, identity={"data": "a"}, **opening(call)), Fake(), 2)
    shared = opening(call, STUDIES="postgresql://user@host/name")
    with pytest.raises(FerError, match="was begun with another data"):
        opened(place, identity={"data": "b"}, **shared)
    assert opened(place, identity={"data": "b"}, **opening(call)).trials == []


def test_a_torn_last_line_is_mended(place):
    tuning.search(opened(place), Fake(), 3)
    place.write_bytes(place.read_bytes() + b'{"op_code":4,"wor')
    assert len(tuning.search(opened(place), Fake(), 5)) == 5
    assert len(tuning.trials(opened(place))) == 5


def test_a_damaged_file_says_which_line(place):
    tuning.search(opened(place), Fake(), 3)
    lines = place.read_bytes().splitlines(keepends=True)
    place.write_bytes(b"".join([*lines[:5], b"\0\0\0\n", *lines[6:]]))
    with pytest.raises(FerError, match=r"studies.journal is damaged in line 6 .*delete that line"):
        opened(place)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0", b"1\n2\n3", b"{}\n", b'{"op'])
def test_a_foreign_file_is_refused_and_left_alone(place, content):
    place.write_bytes(content)
    with pytest.raises(FerError, match="is not a study"):
        opened(place)
    assert place.read_bytes() == content


def test_a_locked_file_says_what_to_do(place, monkeypatch):
    study = opened(place)
    monkeypatch.setattr(storage, "PATIENCE", 0.1)
    lock = storage.Lock(place)
    lock.acquire()
    with pytest.raises(FerError, match=r"studies.journal has been locked by another process"):
        tuning.search(study, Fake(), 2)
    lock.release()
    assert len(tuning.search(study, Fake(), 2)) == 2


def test_a_place_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(FerError, match="cannot write"):
        opened(tmp_path)
    study = opened(tmp_path / "study")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(FerError, match="the disk is full"):
        tuning.search(study, Fake(), 2)


def test_a_database_url_is_shared_and_continued(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    for asked in (2, 5):
        table = tuning.search(opened(url, pruner="none"), Fake(), asked)
    assert table["state"].tolist() == ["finished"] * 5


def test_databases_that_do_not_work_say_why(tmp_path, monkeypatch):
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database" * 99)
    with pytest.raises(FerError, match="not a database.*: the file is damaged"):
        opened(f"sqlite:///{damaged}")
    with pytest.raises(FerError, match="make the folder"):
        opened(f"sqlite:///{tmp_path}/absent/study.db")
    with pytest.raises(FerError, match="see that the URL is right"):
        opened("nosql://server/name")


def test_a_locked_database_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "PATIENCE", 0.1)
    file = tmp_path / "study.db"
    study = opened(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FerError, match="database is locked.*: another process holds it"):
            tuning.search(study, Fake(), 2)
