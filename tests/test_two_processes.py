"""Two processes at one place: nothing lost, nothing mixed; the second waits or is told why not."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import fer2013_layouts as layouts
import numpy as np
import pytest
from conftest import draw_faces
from test_faults import Fake, told

from fer_utils import locks, models, paths, predicting, submission, training, tuning
from fer_utils.errors import FerError
from fer_utils.faces import store

ENVIRONMENT = os.environ | {"PYTHONPATH": f"{paths.PROJECT}:{Path(__file__).parent}"}


def together(code, folder, count=4):
    """Run a program in several processes that begin its ``work`` at the same moment."""
    start = time.time() + 2
    head = f"import sys, time; folder, number = sys.argv[1], int(sys.argv[2])\n{code}\n"
    program = f"{head}time.sleep(max(0, {start} - time.time()))\nwork()"
    command = [sys.executable, "-c", program, str(folder)]
    options = {"env": ENVIRONMENT, "stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    started = [subprocess.Popen([*command, str(i)], **options) for i in range(count)]
    ended = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0] * count, ended


LEDGER = """
from fer_utils import submission
def work():
    for i in range(10):
        metrics = {"model": "v1", "scored_on": "valid", "accuracy": 0.5}
        submission.record(f"{folder}/leaderboard.csv", f"{number}-{i}.csv", metrics, {})
"""


def test_a_ledger_keeps_the_rows_of_all_who_write_it(tmp_path):
    together(LEDGER, tmp_path)
    rows = submission.read_ledger(tmp_path / "leaderboard.csv")
    assert {row["file"] for row in rows} == {f"{n}-{i}.csv" for n in range(4) for i in range(10)}
    assert [path.name for path in tmp_path.iterdir()] == ["leaderboard.csv"]


FOUND = """
from fer_utils.faces import store
def work():
    for i in range(10):
        with store.Store(store.Path(folder, "faces.npz")) as known:
            known.add({f"{number}-{i}": ()})
"""


def test_faces_that_several_processes_find_are_all_kept(tmp_path):
    together(FOUND, tmp_path)
    assert len(store.Store(tmp_path / "faces.npz").faces) == 40


CACHE = """
import os
os.environ["FER_UTILS_CACHE"] = f"{folder}/cache"
from fer_utils import datasets
def work():
    first, second = (datasets.load("fer2013", f"{folder}/fer2013.csv") for _ in range(2))
    assert (first.images == second.images).all() and len(first) == 112
"""


def test_one_cache_of_several_processes(tmp_path):
    layouts.write_usage(tmp_path / "fer2013.csv", layouts.faces())
    together(CACHE, tmp_path)
    assert sorted(path.suffix for path in (tmp_path / "cache" / "fer2013").iterdir()) == [
        ".npy",
        ".npz",
    ]


@contextlib.contextmanager
def elsewhere(folder):
    """Have somebody else at work on a folder, until the event that this gives."""
    begun, end = threading.Event(), threading.Event()

    def work():
        with locks.alone(folder):
            begun.set()
            end.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(60)
    yield end
    end.set()
    thread.join()


def test_a_second_predict_into_one_folder_is_told_so(tmp_path):
    options = predicting.Options(tmp_path / "out")
    with elsewhere(tmp_path / "out"):
        before = told(tmp_path)
        with pytest.raises(FerError, match=r"out is in use by another process: wait until it"):
            predicting.predict([str(tmp_path)], Fake(), options)
        assert told(tmp_path) == before
    predicting.predict([str(tmp_path)], Fake(), options)


def test_a_second_fit_waits_and_then_trains(tmp_settings, monkeypatch):
    faces, recipe = draw_faces(120, side=16), models.recipe("tiny", epochs=1)
    with elsewhere(tmp_settings.run_dir / "tiny") as end:
        said = []
        monkeypatch.setattr(training.folder, "log", lambda line: (said.append(line), end.set()))
        fit = training.fit_or_restore("tiny", faces, tmp_settings, recipe)
    assert said == ["tiny: waits, as another process fits it"]
    assert (fit.folder / "run.json").exists()


FIT = """
from conftest import draw_faces
from fer_utils import models, settings, training
profile = settings.Profile("test", rows=200, epochs=2, side_epochs=1, side_rows=100)
place = settings.Settings("synthetic", None, profile, settings.Path(folder), seed=number)
faces, recipe = draw_faces(120, side=16), models.recipe("tiny", epochs=2)
def work():
    fit = training.fit_or_restore("tiny", faces, place, recipe)
"""


@pytest.mark.slow
def test_two_fits_of_one_key_are_not_mixed(tmp_path):
    together(FIT, tmp_path, count=2)
    for folder in (tmp_path / "tiny", tmp_path / "replaced" / "tiny"):
        network = models.load(folder / "model.keras")
        with np.load(folder / "predictions.npz") as file:
            index, noted = file["index"], file["probabilities"]
        said = training.predict(network, draw_faces(120, side=16).images[index])
        np.testing.assert_allclose(said, noted, atol=1e-5)


def test_a_study_goes_on_after_a_line_that_another_could_not_finish(tmp_path):
    place = tmp_path / "a.journal"
    study = tuning.open_study(place, "x")
    with open(place, "a") as other:
        other.write('{"op_code": 4, "worker')
    study.set_user_attr("told", 1)
    again = tuning.open_study(place, "x")
    assert again.user_attrs["told"] == 1
