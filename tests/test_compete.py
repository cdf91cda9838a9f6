"""One command within a budget: its plan, its clock, a kill, and what private labels change."""

import dataclasses
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import draw_faces
from fer2013_layouts import faces as drawn
from fer2013_layouts import write_pair, write_sheets, write_usage
from test_training import interrupt, made_settings

from fer_utils import compete, models, runs, settings, submission, training
from fer_utils.compete import costs, plan, run
from fer_utils.compete.__main__ import main
from fer_utils.compete.table import table
from fer_utils.errors import FerError

COSTS = {"vgg_gap": (100, 20), "se_resnet": (100, 20), "wide_short": (50, 20), "compact": (10, 5)}
MINUTES = (170, 200, 450, 3000)


@pytest.fixture
def quick(monkeypatch):
    """Let networks that train in a second stand for the members."""
    monkeypatch.setattr(plan, "NETWORKS", ("tiny",))
    monkeypatch.setattr(plan, "SMALL", "tiny")
    monkeypatch.setattr(run, "MAX_EPOCHS", 2)
    monkeypatch.setattr(run, "VIEWS", "flip")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("25m", 1500),
        ("1h30m", 5400),
        ("600s", 600),
        ("25", 1500),
        ("0.5h", 1800),
        ("1h 30m", None),
    ],
)
def test_budgets(text, seconds):
    if seconds is None:
        with pytest.raises(FerError, match="write for example 25m"):
            compete.parse_budget(text)
    else:
        assert compete.parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "0m", "-5m", "soon", "5d"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(FerError, match="is no time"):
        compete.parse_budget(text)


def test_the_clock_goes_on_where_it_was(tmp_path):
    path = tmp_path / "clock.json"
    with compete.Clock(path, every=0.01) as clock:
        time.sleep(0.1)
        assert json.loads(path.read_text())["seconds"] > 0  # while it runs: a kill loses little
    with compete.Clock(path) as again:
        assert again.spent >= clock.before + 0.1


def test_members_unlike_each_other_then_the_distilled():
    jobs = compete.jobs_for(4, seed=5)
    assert [job.network for job in jobs[:4]] == ["vgg_gap", "se_resnet", "wide_short", "vgg_gap"]
    assert len({job.seed for job in jobs}) == len({job.key for job in jobs}) == 6
    assert [job.key for job in jobs if job.distilled] == ["v8_distilled", "small"]
    assert [job.key for job in compete.jobs_for(0)] == ["v8_distilled", "small"]
    with pytest.raises(FerError, match="0 or more"):
        compete.jobs_for(-1)


def named(kept):
    return [job.key for job in kept]


def test_more_time_is_more_members_then_more_epochs():
    jobs = compete.jobs_for(9)
    found = [compete.epochs_for(jobs, COSTS, minutes * 60) for minutes in MINUTES]
    assert [len(kept) for kept, _ in found] == [5, 6, 11, 11]
    assert found[-1][1] == plan.MAX_EPOCHS
    for (kept, epochs), minutes in zip(found, MINUTES, strict=True):
        spent = sum(plan.seconds_of(job, epochs * job.epoch_factor, COSTS) for job in kept)
        assert epochs >= plan.MIN_EPOCHS
        assert spent <= minutes * 60 * plan.USED


def test_as_time_gets_shorter_the_least_worth_goes_first():
    jobs, both = compete.jobs_for(9), ["v8_distilled", "small"]
    kept = [named(compete.epochs_for(jobs, COSTS, 60 * m)[0]) for m in (150, 120, 100, 80, 60, 10)]
    assert kept == [
        ["member1", "member2", "member3", *both],
        ["member1", "member2", *both],
        ["member1", "member2", "small"],
        ["member1", "member2"],
        ["member1", "small"],
        ["member1"],
    ]


def test_epochs_that_are_asked_for_settle_how_many_networks_there_are():
    jobs = compete.jobs_for(9)
    found = [compete.epochs_for(jobs, COSTS, 60 * m, most=40, least=40) for m in (80, 150, 200)]
    assert [epochs for _, epochs in found] == [40, 40, 40]
    assert [named(kept) for kept, _ in found] == [
        ["member1"],
        ["member1", "member2"],
        ["member1", "member2", "small"],
    ]
    with pytest.raises(FerError, match=r"40 epochs of vgg_gap need 7\.4 minutes more"):
        compete.epochs_for(jobs, COSTS, 60 * 67, most=40, least=40)


def test_nothing_is_left_to_do_where_all_but_members_is_done():
    assert compete.epochs_for(compete.jobs_for(9)[3:9], COSTS, 60, trained=3) == ([], 0)


def test_one_network_gets_what_time_there_is_and_less_is_refused():
    jobs = compete.jobs_for(9)
    assert compete.epochs_for(jobs, COSTS, 600)[1] == 5
    with pytest.raises(FerError, match=r"4 epochs of vgg_gap need 2\.8 minutes more"):
        compete.epochs_for(jobs, COSTS, 300)


def test_no_member_of_a_few_epochs_joins_trained_ones():
    rest = compete.jobs_for(3)[1:]
    assert named(compete.epochs_for(rest, COSTS, 3600, trained=1)[0])[0] == "member2"
    assert named(compete.epochs_for(rest, COSTS, 600, trained=1)[0]) == ["small"]
    assert compete.epochs_for(rest, COSTS, 100, trained=1) == ([], 0)


@pytest.mark.backend
def test_all_that_comes_of_it(tmp_path, quick, capsys):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    told = compete.compete(made, dataset, 600, members=2)
    assert [one["model"] for one in told] == [
        *("member1", "member2", "v8_distilled", "small", "ensemble")
    ]
    assert all(0 <= one["accuracy"] <= 1 for one in told)
    for key in ("ensemble", "v8_distilled", "small"):
        submission.check_fer2013(made.run_dir / f"synthetic-{key}.csv", 24)
    ledger = submission.read_ledger(made.run_dir / "leaderboard.csv")
    assert len(ledger) == 3
    members = [
        runs.read_predictions(made.run_dir / f"member{i}_views/predictions.npz") for i in (1, 2)
    ]
    both = np.log(np.stack([m["probabilities"] for m in members])).mean(axis=0).argmax(axis=1)
    said = runs.read_predictions(made.run_dir / "ensemble/predictions.npz")["probabilities"]
    assert np.array_equal(said.argmax(axis=1), both)
    assert len(table(told)) == 6
    capsys.readouterr()
    again = compete.compete(made, dataset, 600, members=2)  # restores all of it
    assert "epoch " not in capsys.readouterr().out
    assert [one["accuracy"] for one in again] == [one["accuracy"] for one in told]


def trained_elsewhere(folder, dataset):
    """Return the Settings of a run that has one network, ``member1``."""
    other = made_settings(folder / "other")
    training.fit_or_restore("tiny", dataset, other, models.recipe("tiny", epochs=1), "member1")
    return other


def test_networks_of_another_run_join(tmp_path, quick):
    dataset = draw_faces(120, side=24)
    other = trained_elsewhere(tmp_path, dataset)
    trained = runs.read_json(other.run_dir / "member1/metrics.json")
    assert trained["epochs"] == 1
    made = dataclasses.replace(other, run_dir=tmp_path / "this", seed=1)
    joining = [other.run_dir / "member1"]
    for _ in range(2):  # the second call finds all of it
        told = compete.compete(made, dataset, 600, members=1, epochs=2, join=joining)
    key = f"{other.run_dir.name}-member1"
    assert [one["model"] for one in told] == [
        *(key, "member1", "v8_distilled", "small", "ensemble")
    ]
    assert [one["epochs"] for one in told[:3]] == [1, 2, 2]
    assert told[0]["accuracy"] == trained["accuracy"]
    assert runs.read_json(made.run_dir / "compete.json")["teachers"] == [key, "member1"]
    alone = dataclasses.replace(other, run_dir=tmp_path / "alone")
    told = compete.compete(alone, dataset, 600, members=0, epochs=1, join=joining)
    assert [one["model"] for one in told] == [key, "small"]  # one teacher: nothing new for v8


def test_networks_that_cannot_join_are_refused(tmp_path, quick):
    dataset = draw_faces(120, side=24)
    other = trained_elsewhere(tmp_path, dataset)
    with pytest.raises(FerError, match="--members 0: give 1 or more"):
        compete.compete(other, dataset, 600, members=0)
    with pytest.raises(FerError, match="--epochs 0: give 1 or more"):
        compete.compete(other, dataset, 600, epochs=0)
    trained = other.run_dir / "member1"
    made = dataclasses.replace(other, run_dir=tmp_path / "this")

    def refused(words, joining, data=dataset, place=made):
        with pytest.raises(FerError, match=words):
            compete.compete(place, data, 600, members=1, join=joining)

    refused("no finished network lies there", [other.run_dir / "nothing"])
    refused("member1 twice", [trained, trained])
    elsewhere = dataclasses.replace(other, run_dir=tmp_path / "elsewhere")
    refused("was fitted to other data", [trained], draw_faces(120, side=24, seed=1), elsewhere)
    run = runs.read_json(trained / "run.json")
    runs.write_json(trained / "run.json", run | {"finished": "later"})
    refused("is another network: rename", [trained])
    key = f"{other.run_dir.name}-member1"
    (made.run_dir / key / "model.keras").write_bytes(b"cut")
    runs.write_json(trained / "run.json", run)
    refused("is damaged", [trained])


def test_a_faulty_network_costs_no_other(tmp_path, quick, monkeypatch, capsys):
    fit = training.fit_or_restore

    def faulty(name, dataset, place, recipe, key, **options):
        if key == "member1":
            raise FerError("the loss is nan")
        made = fit(name, dataset, place, recipe, key, **options)
        if key == "member2":
            made.predictions["probabilities"][:] = 1 / 7
        return made

    monkeypatch.setattr(training, "fit_or_restore", faulty)
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    told = compete.compete(made, dataset, 600, members=4)
    assert [one["model"] for one in told][:2] == ["member3", "member4"]
    assert told[-1]["network"] == "member3_views + member4_views"
    said = capsys.readouterr().out
    assert "member1: left out, the loss is nan" in said
    assert "member2: left out, says the same of every row" in said
    state = json.loads((made.run_dir / "compete.json").read_text())
    assert state["teachers"] == ["member3", "member4"]


def test_a_larger_budget_adds_members_and_leaves_the_distilled_ones(
    tmp_path, quick, monkeypatch, capsys
):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)

    def short(jobs, *_):
        return [job for job in jobs if job.key != "member3"], 1

    with monkeypatch.context() as patch:
        patch.setattr(run, "epochs_for", short)
        first = compete.compete(made, dataset, 600, members=3)
    capsys.readouterr()
    again = compete.compete(made, dataset, 600, members=3)
    assert "epoch " not in capsys.readouterr().out  # what was left out stays out
    assert [one["model"] for one in again] == [one["model"] for one in first]
    more = {one["model"]: one for one in compete.compete(made, dataset, 1200, members=3)}
    assert more["member3"]["epochs"] == 2
    assert more["ensemble"]["network"].count("+") == 2
    for one in first:
        if one["model"] in ("v8_distilled", "small"):
            assert more[one["model"]] == one


@pytest.mark.parametrize("changed", [{"seed": 1}, {"profile": settings.PROFILES["cpu"]}])
def test_a_folder_begun_with_something_else_is_refused(tmp_path, quick, changed):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    compete.compete(made, dataset, 600, members=1)
    with pytest.raises(FerError, match="was begun with something else .*give the same again"):
        compete.compete(dataclasses.replace(made, **changed), dataset, 600, members=1)


def test_data_without_submission_are_refused_before_the_training(tmp_path, quick, capsys):
    names = np.array([f"a/{i}.png" for i in range(200)])
    dataset = dataclasses.replace(draw_faces(), names=names)
    with pytest.raises(FerError, match="image folders"):
        compete.compete(made_settings(tmp_path), dataset, 600)
    assert "epoch" not in capsys.readouterr().out


def test_without_public_labels_all_report_the_same_tenth(tmp_path, quick):
    write_pair(tmp_path, drawn(train=420))
    made = settings.resolve(tmp_path, "cpu", tmp_path / "run")
    told = compete.compete(made, made.load(), 600, members=2)
    assert {one["scored_on"] for one in told} == {"train"}
    assert (made.run_dir / "fer2013-ensemble.csv").exists()


def test_when_time_is_up_what_is_there_is_combined(tmp_path, quick, monkeypatch, capsys):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    last = made.run_dir / "member2/run.json"
    spent = property(lambda self: 1e6 if last.exists() else 0.0)
    monkeypatch.setattr(compete.Clock, "spent", spent)
    told = compete.compete(made, dataset, 600, members=3)
    names = [one["model"] for one in told]
    assert names[:2] == ["member1", "member2"]
    assert names[-1] == "ensemble"
    assert "v8_distilled: no time for it, 0.0 minutes left" in capsys.readouterr().out


def test_private_labels_reach_nothing(tmp_path, quick, monkeypatch):
    written = []
    for name, shift in (("true", 0), ("poisoned", 3)):
        folder = tmp_path / name
        folder.mkdir()
        data = drawn()
        private = np.array([usage == "PrivateTest" for usage in data.usage])
        data.labels[private] = (data.labels[private] + shift) % 7
        write_usage(folder / "icml_face_data.csv", data)
        made = settings.resolve(folder, "cpu", tmp_path / f"run-{name}")
        compete.compete(made, made.load(), 600, members=2)
        files = sorted(made.run_dir.glob("fer2013-*.csv"))
        assert len(files) == 3
        files += sorted(made.run_dir.glob("*/predictions.npz"))
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]


KILLED = """
import importlib.abc, os, sys
not_needed = "cv2 imblearn ipykernel jinja2 matplotlib mtcnn nbclient nbconvert nbformat optuna"
not_needed += " papermill seaborn skimage sklearn typer"
not_needed += " tensorflow" if os.environ.get("KERAS_BACKEND") == "jax" else " jax scipy"

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in not_needed.split():
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
from fer_utils.compete import plan, run
from fer_utils.compete.__main__ import main
plan.NETWORKS, plan.SMALL, run.MAX_EPOCHS = ("tiny",), "tiny", 6
sys.exit(main(sys.argv[1:]))
"""


def called(data, folder, kill_at=None):
    """Return the exit code and the lines of the command, killed after so many epochs."""
    command = [sys.executable, "-c", KILLED, str(data), "--members", "2", "--run", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines, seen = [], 0
        for line in process.stdout:
            lines.append(line)
            seen += line.startswith("epoch")
            if seen == kill_at:
                process.send_signal(signal.SIGKILL)
                break
    return process.returncode, "".join(lines)


@pytest.mark.backend
def test_killed_twice_and_finished_by_the_third(tmp_path, quick, monkeypatch):
    write_sheets(tmp_path, drawn())
    killed, whole = tmp_path / "killed", settings.resolve(tmp_path, "auto", tmp_path / "whole")
    # The speed is measured in three epochs; then the first member's six begin.
    assert called(tmp_path, killed, kill_at=6)[0] == -signal.SIGKILL
    assert called(tmp_path, killed, kill_at=6)[0] == -signal.SIGKILL
    code, said = called(tmp_path, killed)
    assert code == 0
    assert "continues after epoch" in said
    monkeypatch.setattr(run, "MAX_EPOCHS", 6)
    monkeypatch.setattr(run, "VIEWS", "shifts")
    compete.compete(whole, whole.load(), 1500, members=2)
    for name in ("ensemble", "v8_distilled", "small"):
        a, b = ((x / f"fer2013-{name}.csv").read_bytes() for x in (killed, whole.run_dir))
        assert a == b
        a, b = (
            runs.read_predictions(x / name / "predictions.npz") for x in (killed, whole.run_dir)
        )
        np.testing.assert_allclose(a["probabilities"], b["probabilities"], atol=1e-3)


def test_a_budget_lowered_and_restored_looks_again_at_what_had_no_time(tmp_path):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    for budget, left in ((6000, {}), (5400, {"member1": 24}), (6000, {"member1": 24})):
        contest = run.Contest(made, dataset, budget, None)
        assert contest.state["epochs"] == left
        contest._write(epochs={"member1": 24, "member2": 0} if budget == 5400 else {"member1": 24})


def test_on_another_machine_the_speed_is_measured_anew(tmp_path, quick, monkeypatch):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(costs, "device", lambda: "GPU x1")
        compete.compete(made, dataset, 600, members=1, epochs=1)
    compete.compete(made, dataset, 1200, members=2, epochs=1)
    known = json.loads((made.run_dir / "compete.json").read_text())["costs"]
    assert sorted("GPU x1" in where for where in known) == [False, True]
    assert [list(measured) for measured in known.values()] == [["tiny"], ["tiny"]]


def test_a_network_begun_elsewhere_tells_nothing_of_the_speed_here(tmp_path, quick, monkeypatch):
    dataset, made = draw_faces(120, side=24), made_settings(tmp_path)
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=4)  # three epochs measure the speed; the member's own come then
        with pytest.raises(KeyboardInterrupt):
            compete.compete(made, dataset, 600, members=1, epochs=4)
    monkeypatch.setattr(costs, "device", lambda: "GPU x1")
    told = []
    monkeypatch.setattr(costs.Costs, "keep", lambda self, name, *cost: told.append(cost))
    monkeypatch.setattr(costs.Costs, "here", {"tiny": (1.0, 1.0)})
    compete.compete(made, dataset, 600, members=1, epochs=4)
    assert len(told) == 1  # of the small network alone


def test_a_missing_package_is_named_as_pip_knows_it(tmp_path, monkeypatch, capsys):
    def missing(*_, **__):
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    monkeypatch.setattr(run, "compete", missing)
    assert main(["synthetic", "--run", str(tmp_path)]) == 2
    assert "pip install scikit-learn" in capsys.readouterr().err


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "error: " in capsys.readouterr().err
    assert main(["synthetic", "--budget", "soon"]) == 2
    assert "is no time" in capsys.readouterr().err
