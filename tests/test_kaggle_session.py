"""Inside a kernel, without the notebooks: time, continuing, the record, the script."""

import os
import runpy
import subprocess
import sys
import time

import pytest

from fer_utils import datasets, paths, settings
from fer_utils.kaggle import bundle, push, record, session
from fer_utils.pipeline import suite

KERNEL = "someone/fer-utils-suite"
CHOSEN = {"bundle": "hash", "kernel": KERNEL, "budget": 100.0, "only": [], "seed": 0}
CHOSEN |= {"data": "synthetic", "profile": "smoke"}


@pytest.fixture
def working(monkeypatch, tmp_path):
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    monkeypatch.setattr(paths, "KAGGLE_INPUT", tmp_path / "input")
    monkeypatch.setattr(paths, "KAGGLE_WORKING", tmp_path / "working")
    (tmp_path / "input").mkdir()
    (tmp_path / "working").mkdir()
    return tmp_path / "working"


def run(**more):
    code = session.run(CHOSEN | more, paths.PROJECT / "notebooks", time.monotonic())
    return code, record.read(paths.KAGGLE_WORKING / "kaggle_run.json")


def stand_in(monkeypatch, code):
    """Run this code in place of the suite."""
    start = subprocess.Popen

    def popen(command, **options):
        return start([sys.executable, "-c", code, command[-1]], **options)

    monkeypatch.setattr(session.subprocess, "Popen", popen)


@pytest.mark.parametrize(
    ("ended", "code", "state"), [(0, 0, "done"), (1, 0, "failed"), (2, 1, "failed")]
)
def test_the_record_says_how_the_suite_ended(ended, code, state, working, monkeypatch):
    stand_in(monkeypatch, f"raise SystemExit({ended})")
    assert run()[0] == code
    assert run()[1]["state"] == state


def test_a_suite_that_is_killed_does_not_fail_the_kernel(working, monkeypatch):
    stand_in(monkeypatch, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    code, noted = run()
    assert (code, noted["state"]) == (0, "failed")


def test_time_that_is_over(working, monkeypatch):
    stand_in(monkeypatch, "import time\ntime.sleep(60)")
    monkeypatch.setattr(session._Session, "_submission_waits", lambda self: False)
    began = time.monotonic()
    code, noted = run(budget=1.0)
    assert (code, noted["state"]) == (0, "out of time")
    assert time.monotonic() - began < 20


def test_suite_that_does_not_stop_is_killed(working, monkeypatch):
    stand_in(monkeypatch, "import signal, time\nsignal.signal(2, lambda *_: 0)\ntime.sleep(60)")
    monkeypatch.setattr(session._Session, "_submission_waits", lambda self: False)
    monkeypatch.setattr(session, "_ENDING", 0.5)
    assert run(budget=1.5)[1]["state"] == "out of time"


def test_submission_follows_when_the_time_is_over(working, monkeypatch):
    asked = []

    def ends(self, only, until):
        asked.append(list(only))
        return 130, len(asked) == 1

    monkeypatch.setattr(session._Session, "_run", ends)
    monkeypatch.setattr(session._Session, "_submission_waits", lambda self: True)
    assert run(only=["05"])[1]["state"] == "out of time"
    assert asked == [["05"], ["18_write_submission"]]


def test_submission_waits_for_what_it_needs(working):
    made = session._settings(CHOSEN)
    waiting = session._Session(CHOSEN, working, paths.PROJECT / "notebooks", 0)
    waiting.settings = made
    assert not waiting._submission_waits()  # 12 has not run


def test_finished_notebooks_are_noted_meanwhile(working, monkeypatch):
    stand_in(
        monkeypatch,
        "import json, pathlib, sys, time\n"
        "made = pathlib.Path(json.loads(sys.argv[1])['run_dir'], 'notebooks')\n"
        "made.mkdir(parents=True)\n"
        "(made / '01_explore_data.json').write_text('{\"finished\": 1}')\n"
        "(made / '01_explore_data.ipynb').write_text('{}')\n"
        "seen, end = pathlib.Path('kaggle_run.json'), time.monotonic() + 30\n"
        "while not seen.exists() or '01_explore_data.ipynb' not in seen.read_text():\n"
        "    if time.monotonic() > end:\n"
        "        raise SystemExit(2)\n"
        "    time.sleep(0.1)\n"
        "raise SystemExit(0 if json.loads(seen.read_text())['state'] == 'running' else 2)\n",
    )
    monkeypatch.setattr(session, "_LOOK", 0.2)
    code, noted = run()
    assert (code, noted["state"]) == (0, "done")
    assert noted["notebooks"][0] == {
        "name": "01_explore_data",
        "state": "done",
        "seconds": None,
        "why": None,
    }


def test_only_a_submission_that_is_up_to_date_is_handed_on(working, monkeypatch):
    from fer_utils.pipeline import manifest

    made, notebook = session._settings(CHOSEN), suite.named(suite.SUITE, session.SUBMISSION)
    file, top = made.run_dir / "submission.csv", working / "submission.csv"
    manifests = manifest.Manifests(made, paths.PROJECT / "notebooks")
    manifests.executed.mkdir(parents=True)
    manifests.begin(notebook)
    file.write_text("3\n")
    (manifests.executed / f"{notebook.name}.ipynb").write_text("{}")
    stand_in(monkeypatch, "raise SystemExit(0)")
    assert run()[1]["submission"] is None  # its notebook did not finish
    assert not top.exists()
    manifests.finish(notebook.name, 1)
    assert run()[1]["submission"] == file.relative_to(working).as_posix()
    assert top.read_text() == "3\n"
    file.write_text("an earlier kernel's")
    assert run()[1]["submission"] is None
    assert not top.exists()


def test_no_data_is_no_run_on_drawn_faces(working, monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.chdir(tmp_path)
    code, noted = run(data="auto")
    assert (code, noted["state"]) == (1, "failed")
    assert "accept the competition's rules" in noted["error"]
    assert "error: no FER2013 under" in capfd.readouterr().out


# The script


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_UTILS_KAGGLE", str(tmp_path))
    path = tmp_path / "script.py"
    path.write_text(push.script({"bundle": "right"}))
    return runpy.run_path(str(path))


def mount(folder, made):
    folder.mkdir(parents=True)
    (folder / "fer_utils_bundle.json").write_text(f'{{"hash": "{made}"}}')


@pytest.mark.parametrize(
    "place", ["fer-utils-package", "datasets/someone/fer-utils-package", "x/y/z/w/v"]
)
def test_script_finds_the_data_set_that_was_sent(place, script, tmp_path):
    mount(tmp_path / "input" / place, "right")
    mount(tmp_path / "input" / "an-older-one", "wrong")
    mount(tmp_path / "input" / "zzz" / "twice", "right")
    assert script["find"](tmp_path / "input") == tmp_path / "input" / place


def test_script_refuses_another_data_set(script, tmp_path):
    with pytest.raises(SystemExit, match="is no data set of fer_utils, not the one sent"):
        script["find"](tmp_path / "input")
    mount(tmp_path / "input" / "old", "wrong")
    with pytest.raises(SystemExit, match="/old, not the one sent with this kernel: push again"):
        script["find"](tmp_path / "input")


def test_setup_installs_only_what_is_missing(tmp_path, monkeypatch, capsys):
    made = runpy.run_path(str(bundle.FILES / bundle.SETUP))["main"]
    text = '{"libraries": {"numpy": ["numpy"], "absent": ["no_such"]}}'
    (tmp_path / "fer_utils_bundle.json").write_text(text)
    asked = []

    def install(name, *options):
        asked.append((name, *options))
        return name == "fer-utils"

    monkeypatch.setitem(made.__globals__, "FOLDER", tmp_path)
    monkeypatch.setitem(made.__globals__, "install", install)
    assert made() == 0
    assert asked == [("fer-utils", "--force-reinstall"), ("absent",)]
    assert "absent cannot be installed" in capsys.readouterr().out


# Libraries


def test_notebooks_name_the_libraries_that_they_need():
    optional = {"imblearn", "mtcnn", "optuna", "saliency", "skimage", "lz4"}
    named = {name for notebook in suite.SUITE for name in notebook.libraries}
    assert named == optional
    assert all(suite.Notebook("x", libraries=(name,)).lacking() is None for name in named)
    assert suite.Notebook("x", libraries=("numpy", "no_such")).lacking() == "no_such"


# Data


def test_data_twice_is_read_from_the_competition(working):
    both = []
    for place in ("competitions", ""):
        folder = paths.KAGGLE_INPUT / place / paths.COMPETITION
        folder.mkdir(parents=True)
        write_tiny(folder)
        both.append(folder)
    assert datasets.find("fer2013") == both[0]
    assert settings.resolve(profile="cpu").root == both[0]


def test_data_at_an_unexpected_place(working):
    folder = paths.KAGGLE_INPUT / "some" / "where" / "deep" / "down" / "there"
    folder.mkdir(parents=True)
    write_tiny(folder)
    assert datasets.find("fer2013") == folder


def test_times_of_kaggles_mounts_do_not_count(working, monkeypatch):
    from fer_utils.pipeline import fingerprints

    folder = paths.KAGGLE_INPUT / "x"
    folder.mkdir()
    write_tiny(folder)
    before = fingerprints.data_fingerprint("fer2013", folder)
    os.utime(folder / "train.csv", (1, 1))
    assert fingerprints.data_fingerprint("fer2013", folder) == before
    (folder / "train.csv").write_text("shorter")
    assert fingerprints.data_fingerprint("fer2013", folder) != before
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE")
    before = fingerprints.data_fingerprint("fer2013", folder)
    os.utime(folder / "train.csv", (2, 2))
    assert fingerprints.data_fingerprint("fer2013", folder) != before


def write_tiny(folder):
    import fer2013_layouts

    fer2013_layouts.write_pair(folder, fer2013_layouts.faces())
