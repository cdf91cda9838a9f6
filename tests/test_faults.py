"""A full disk, a read-only one, ``kill -9``: at each change of the disk that a command makes.

Afterwards no file is half, what is said is one sentence, and the same command ends as if nothing
had happened. The slow test walks all of them; the fast one a share.
"""

import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
import warnings
import zipfile

import fer2013_layouts as layouts
import nbformat
import numpy as np
import papermill
import pytest
from conftest import draw_faces
from faults import Faults, Killed
from PIL import Image
from typer.testing import CliRunner

from fer_utils import (
    cli,
    datasets,
    ensemble,
    models,
    paths,
    predicting,
    runs,
    settings,
    submission,
    training,
    weights,
)
from fer_utils.compete import joining
from fer_utils.datasets import download, listings, synthetic
from fer_utils.datasets.fer2013 import tiles
from fer_utils.errors import FerError
from fer_utils.export import bundle
from fer_utils.faces import store
from fer_utils.pipeline import execute, leaderboard, manifest, outputs, overview, runner, suite
from fer_utils.recognizer import Expression, kept
from fer_utils.training.curves import Curves
from fer_utils.weights import unpacking

MOMENTS = {
    *("date", "finished", "started", "seconds", "written", "key", "outputs", "before"),
    *("train_seconds", "history", "accuracy", "commit"),
}
COMMANDS = {}


def command(function):
    """Register ``function(folder, new)``: it writes below a folder, what is old or what is new."""
    COMMANDS[function.__name__] = function
    return function


GROWING = {
    "submissions",
    "predict",
    "curves",
    "study",
    "pipeline",
    "fit",
}  # have states in between


@command
def texts(folder, new):
    runs.write_text(folder / "a" / "text.txt", f"{new}" * 100)
    runs.write_json(folder / "a" / "run.json", {"new": new})
    runs.check_place(folder / "b" / "table.csv")


@command
def predictions(folder, new):
    runs.write_predictions(
        folder / "v1" / "predictions.npz", [0, 1], ["test"] * 2, np.eye(2) + new
    )


@command
def cache(folder, new):
    source = folder.parent / f"faces{new}.csv"
    if not source.exists():
        layouts.write_usage(source, layouts.faces(28 + 7 * new, 7, 7))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_UTILS_CACHE", str(folder / "cache"))
        return len(datasets.load("fer2013", source))


@command
def submissions(folder, new):
    data = draw_faces(70)
    rows = submission.test_rows(data)
    told = {"index": rows, "probabilities": np.eye(7)[(rows + new) % 7]}
    for name in ("v1", "v2"):
        file = submission.write_fer2013(folder / f"{name}.csv", data, told)
        metrics = {"model": name, "scored_on": "valid", "accuracy": 0.5 + new / 10}
        submission.record(folder / "leaderboard.csv", file, metrics, {"commit": "x"})
        submission.ledger.note_score(folder / "leaderboard.csv", file, "0.5")
    submission.write_data622(folder / "d.csv", ["a.jpg", "b.jpg"], ["anger", "fear"])


@command
def pack(folder, new):
    source = layouts.write_usage(folder.parent / "fer2013.csv", layouts.faces(28, 7, 7))
    tiles.pack(source, folder / f"packed{new}")


class Fake:
    """Finds one face in each photograph."""

    sha256, precision, engine, temperature = "x", "float32", "onnx", 1.0
    side, confident, margin, whole = 320, 0.9, 0.1, False
    classes = ("angry", "happy", "sad")

    def predict(self, photos):
        return [[Expression((1, 1, 9, 9), 1.0, (0.1, 0.8, 0.1), self.classes)] for _ in photos]


@command
def predict(folder, new):
    photos = folder.parent / "photos" / "happy"
    photos.mkdir(parents=True, exist_ok=True)
    for i in range(3 + new):
        if not (photos / f"{i}[1].jpg").exists():
            Image.new("RGB", (40, 30), (i, 9, 9)).save(photos / f"{i}[1].jpg")
    wanted = [str(photos / f"{i}[1].jpg").replace("[", "[[]") for i in range(3 + new)]
    options = predicting.Options(folder / "out", truth="folder")
    rows = predicting.predict(wanted, Fake(), options)
    predicting.write_table(folder / "table.csv", rows, Fake.classes)
    errors = [row["error"] for row in rows if row["error"]]
    if errors:
        raise FerError(errors[0])


@command
def export(folder, new):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "resolve", lambda network: Source())
        patch.setattr(bundle, "checked", lambda *rest: (b"onnx" * 999 + b"%d" % new, 0.0, 3))
        bundle.write_bundle("x", folder / "web")


class Source:
    name, network, temperature, scores, shipped = "x", "tiny", 1.0, {}, False
    input_shape, output_shape, classes = (None, 48, 48, 1), (None, 7), None

    def load(self):
        return self


@command
def ckplus(folder, new):
    if not (folder / f"ck{new}").exists():
        synthetic.write_ckplus(folder / f"ck{new}", persons=1, each=2, frames=2)


@command
def faces_found(folder, new):
    with store.Store(folder / "faces.npz") as known:
        known.add({f"{new}": (store.Face((0, 0, 1, 1), 0.9, ((0, 0), (1, 1))),)})


@command
def onnx_cache(folder, new):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_UTILS_CACHE", str(folder))
        kept.kept(f"a{new}", lambda: b"x" * 9, lambda given: given)


@command
def downloads(folder, new):
    class Api:
        def competition_download_files(self, slug, path, quiet):
            with zipfile.ZipFile(os.path.join(path, f"{slug}.zip"), "w") as file:
                file.writestr("fer2013.csv", layouts.table_text(layouts.faces(14, 7, 7)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download.connection, "log_in", Api)
        download.download(folder / f"data{new}")


def fit_folder(folder, new):
    """Write what a fit leaves, without one."""
    predicted = {
        "index": np.arange(4),
        "split": ["test"] * 4,
        "probabilities": np.eye(7)[:4] + new,
    }
    runs.write_text(folder / "model.keras", "network" * 99)
    runs.write_predictions(folder / "predictions.npz", **predicted)
    runs.write_json(folder / "metrics.json", {"accuracy": 0.5, "network": "tiny", "new": new})
    runs.write_json(folder / "run.json", {"identity": {"seed": new}})


@command
def join(folder, new):
    source = folder.parent / "other" / f"member{new}"
    fit_folder(source, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining.models, "load", lambda path: None)
        patch.setattr(joining.ensemble, "load_members", lambda *rest: None)
        joining.join_networks(folder, None, [source], "shifts")


@command
def combined(folder, new):
    data = draw_faces(70)
    rows = data.rows("valid", "test")
    fit = {"network": "tiny", "parameters": 1, "epochs": 1, "train_seconds": 1}
    identity = dict.fromkeys(("data", "dataset", "profile"), "x") | {"seed": 0, "classes": ["x"]}
    for path, told in (("metrics", fit), ("run", {"identity": identity, "device": "x"})):
        if not (folder / "v1" / f"{path}.json").exists():
            (folder / "v1").mkdir(parents=True, exist_ok=True)
            (folder / "v1" / f"{path}.json").write_text(json.dumps(told))
    said = np.eye(7)[(rows + new) % 7]
    members = ensemble.Members(("v1",), rows, data.split[rows], said[None], {})
    ensemble.write_combined(folder, "both", data, members, said, "average")


@command
def curves(folder, new):
    rows = [{"epoch": i + 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
            for i in range(2 + new)]  # fmt: skip
    log = Curves(folder)
    log.begin(rows[:1])
    for row in rows[1:]:
        log.add(row)


@command
def study(folder, new):
    import optuna

    from fer_utils import tuning

    def objective(values, report):
        report(1, values["x"], 0.5, True)

    floats = {"x": optuna.distributions.FloatDistribution(0, 1)}
    objective.space = tuning.Space("fake", floats, plan=dict)
    opened = tuning.open_study(folder / "a.journal", "tpe", {"x": 1}, seed=0)
    assert len(tuning.search(opened, objective, 2 + new)) == 2 + new


EXECUTED = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
SUITE = (suite.Notebook("01_first"), suite.Notebook("02_second", needs=("01_first",)))


def notebooks(folder):
    cell = {"cell_type": "code", "execution_count": 1, "id": "a", "outputs": [],
            "metadata": {"tags": ["parameters"]},
            "source": 'DATA = ""\nPROFILE = ""\nRUN_DIR = ""\nSEED = 0'}  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in SUITE:
        path = folder / f"{notebook.name}.ipynb"
        path.exists() or path.write_text(json.dumps(EXECUTED | {"cells": [cell]}))
    return folder


def executed(path, part, parameters, display, manager):
    """Stand for papermill: a notebook that writes a fit's folder."""
    fit_folder(runs.Path(parameters["RUN_DIR"], path.stem), parameters["SEED"])
    papermill.iorw.write_ipynb(nbformat.read(path, 4), str(part))


@command
def pipeline(folder, new):
    from rich.console import Console

    made = settings.Settings("synthetic", None, settings.PROFILES["smoke"], folder / "run", new)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execute, "_papermill", executed)
        patch.setattr(manifest, "PACKAGE", folder.parent / "photos")
        own = notebooks(folder.parent / "suite")
        runner.run(made, SUITE, own, console=Console(file=io.StringIO()))


@command
def report(folder, new):
    ledger = folder.parent / f"ledger{new}" / "leaderboard.csv"
    if not ledger.exists():
        row = dict.fromkeys(submission.LEDGER_COLUMNS, f"{new}") | {"public": "0.5"}
        submission.ledger.write_ledger(ledger, [row])
    if not (folder / "README.md").exists():
        (folder / "README.md").write_text(f"a\n{leaderboard.BEGIN}\n{leaderboard.END}\n")
    overview.write(folder / "runs", ledger, folder / "runs" / "report.html")
    leaderboard.write_readme(folder / "README.md", ledger)


@command
def committed(folder, new):
    """``outputs``: what a run printed goes into the notebooks."""
    own, done = notebooks(folder / "suite"), notebooks(folder.parent / f"ran{new}" / "notebooks")
    for path in done.iterdir():
        ran = nbformat.read(path, 4)
        ran.cells[0].outputs = [nbformat.v4.new_output("stream", text=f"{new}")]
        nbformat.write(ran, path)
    outputs.copy(done.parent, SUITE, own)


@command
def fit(folder, new):
    """One epoch of a network, for which the backend needs a second."""
    profile = settings.Profile("test", rows=200, epochs=1, side_epochs=1, side_rows=100)
    place = settings.Settings("synthetic", None, profile, folder, seed=new)
    recipe = models.recipe("tiny", epochs=1, keep="best", augmentation="none")
    training.fit_or_restore("tiny", draw_faces(60, side=16), place, recipe, tensorboard=True)


@command
def unpack(folder, new):
    data = dataclasses.replace(draw_faces(60, side=16), name="fer2013")
    shipped = folder.parent / "shipped"
    if not shipped.exists():
        told = dict.fromkeys((*unpacking._COPIED, *unpacking._RUN, "recipe"), "x")
        told |= {"network": "tiny", "classes": data.classes, "input": (16, 16), "size": (16, 16)}
        told |= {"data": "fer2013", "seed": 0, "scores": {}}
        weights.save_pretrained(
            "tiny", models.build("tiny", None, (16, 16), (16, 16)), told, shipped
        )
    if not (folder / f"v{new}" / "run.json").exists():
        unpacking.unpack("tiny", folder, f"v{new}", data, shipped)


def value(path):
    """Return what a file says, moments and rounding aside; an error where it is half."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key].shape for key in file.files}
    if path.suffix == ".keras" and zipfile.is_zipfile(path):
        return zipfile.ZipFile(path).testzip()
    if path.name == "history.csv":
        return len(path.read_text().splitlines())
    if path.suffix in (".json", ".ipynb"):
        told = json.loads(path.read_text())
        return {k: v for k, v in told.items() if k not in MOMENTS} if type(told) is dict else told
    if path.suffix == ".html":
        return path.read_text().rstrip().endswith("</html>")
    if path.suffix == ".journal":
        *lines, _ = path.read_text().split("\n")  # a last line without its end counts as none
        return all("op_code" in json.loads(line) for line in lines)
    if path.suffix == ".fer":
        return len(path.read_bytes())
    if path.suffix in (".zip", ".jpg", ".png"):
        zipfile.ZipFile(path).testzip() if path.suffix == ".zip" else Image.open(path).load()
        return True
    return path.read_bytes()


def told(folder, hidden=True):
    """Return what each file below a folder says, by name."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: value(path) for name, path in named.items() if hidden or "/." not in f"/{name}"}


def emptied(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def outcome(function, folder, faults, dead):
    """Return what ended a command: None, or the error."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch, faults:
        warnings.simplefilter("ignore")
        if faults.what == "kill":
            patch.setattr(os, "getpid", lambda: dead)
        try:
            function(folder, 1)
        except (FerError, Killed) as error:
            return error
    return None


class Walk:
    """A command at work on a folder that has what is old, as often as one likes."""

    def __init__(self, function, place, dead):
        self.function, self.folder, self.dead = function, place / "tried", dead
        self.before = place / "before"
        self.folder.mkdir()
        if not hasattr(function, "fresh"):
            function(self.folder, 0)
        shutil.copytree(self.folder, self.before)
        self.old = told(self.before)
        with Faults(self.folder) as faults:
            function(self.folder, 1)
        self.count, self.new = len(faults.seen), told(self.folder)

    def at(self, number, what, lasting):
        """Have one change fail; check what is there, then that the command ends well."""
        emptied(self.folder)
        shutil.copytree(self.before, self.folder, dirs_exist_ok=True)
        faults = Faults(self.folder, number, what, lasting)
        ended = outcome(self.function, self.folder, faults, self.dead)
        where = f"{self.function.__name__} {what} at {faults.seen[number : number + 1]}"
        if isinstance(ended, FerError):
            said = str(ended)
            assert "\n" not in said, where
            assert ": " in said, where
        for name, found in told(self.folder, hidden=False).items():
            whole = found in (self.old.get(name), self.new.get(name))
            assert whole or self.function.__name__ in GROWING, f"{where}: {name}"
        assert self.function(self.folder, 1) or True
        again = told(self.folder)
        assert again.keys() == self.new.keys(), where
        assert again == self.new, where


@pytest.fixture(scope="session")
def dead():
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


FAULTS = [("ENOSPC", False), ("ENOSPC", True), ("EROFS", True), ("EACCES", False), ("kill", True)]
HEAVY = ("fit", "unpack")  # have a backend compute


@pytest.mark.parametrize("name", COMMANDS)
def test_some_changes(name, tmp_path, dead):
    walk = Walk(COMMANDS[name], tmp_path, dead)
    numbers = np.linspace(0, walk.count - 1, 3 if name in HEAVY else 12, dtype=int)
    for i, number in enumerate(numbers):
        walk.at(number, *FAULTS[(i + 1) % len(FAULTS)])


@pytest.mark.slow
@pytest.mark.parametrize(("what", "lasting"), FAULTS)
@pytest.mark.parametrize("name", COMMANDS)
def test_each_change(name, what, lasting, tmp_path, dead):
    walk = Walk(COMMANDS[name], tmp_path, dead)
    for number in range(0, walk.count, 5 if name in HEAVY else 1):
        walk.at(number, what, lasting)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", ["submissions", "predict", "export", "pipeline"])
def test_killed_indeed(name, tmp_path):
    walk = Walk(COMMANDS[name], tmp_path, 0)
    for number in np.linspace(0, walk.count - 1, 6, dtype=int):
        emptied(walk.folder)
        shutil.copytree(walk.before, walk.folder, dirs_exist_ok=True)
        if (child := os.fork()) == 0:
            with Faults(walk.folder, number, "exit"):
                walk.function(walk.folder, 1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 9
        told(walk.folder, hidden=False)
        walk.function(walk.folder, 1)
        assert told(walk.folder) == walk.new


def full_disk(folder, *names):
    """Return what commands say on a disk that is full, or read-only."""
    command = ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"]).returncode:
        pytest.skip("unshare cannot mount here")
    program = [sys.executable, paths.PROJECT / "tests" / "full_disk.py", folder, *names]
    env = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
    ended = subprocess.run([*command, *program], env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return [line for line in ended.stdout.splitlines() if line.partition(",")[0] in names]


def test_a_disk_that_is_full_indeed(tmp_path):
    names = ("texts", "predictions", "submissions", "pack", "predict", "export", "study")
    lines = full_disk(tmp_path, *names)
    assert len(lines) == 8 * len(names)
    for line in lines:
        told = "the folder is read-only" if "read-only:" in line else "the disk is full: free"
        assert told in line or line.endswith(": done "), line
    for name in names:
        assert sum("the disk is full" in line for line in lines if line.startswith(name)) > 0


@pytest.mark.slow
def test_a_fit_on_a_disk_that_is_full_indeed(tmp_path):
    lines = full_disk(tmp_path, "fit")
    assert len([line for line in lines if "checkpoint" in line and "is full: free" in line]) > 2


@pytest.mark.parametrize("arguments", [["predict", "photos", "--out", "tried/out", "--faces"],
                                       ["data", "faces.csv", "--pack", "tried/packed"],
                                       ["export", "small", "tried/web"]])  # fmt: skip
def test_a_command_says_one_sentence(arguments, tmp_path, monkeypatch, faces):
    layouts.write_usage(tmp_path / "faces.csv", layouts.faces(28, 7, 7))
    (tmp_path / "photos").mkdir()
    Image.fromarray(faces.images[0]).save(tmp_path / "photos" / "a.png")
    (tmp_path / "tried").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "resolve", lambda network: Source())
    monkeypatch.setattr(bundle, "checked", lambda *rest: (b"onnx", 0.0, 3))
    for what, remedy in (("ENOSPC", "the disk is full: free"), ("EROFS", "is read-only: choose")):
        with Faults("tried", 0, what, lasting=True):
            ended = CliRunner().invoke(cli.app, arguments)
        assert ended.exit_code == 2
        (line,) = [line for line in ended.output.splitlines() if "error" in line]
        assert line.startswith(f"error: cannot write {tmp_path}/tried/")
        assert remedy in line


def test_photographs_that_no_disk_holds_go_into_memory(monkeypatch):
    """A map of a file without its blocks would end the process when it is written to."""

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(listings, "_IN_MEMORY", 1)
    assert listings._space((3, 4, 5)).base is not None
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert listings._space((3, 4, 5)).base is None
