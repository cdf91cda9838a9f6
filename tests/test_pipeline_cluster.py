"""The suite on a local Ray of several nodes: what a local run gives, also where a node is lost."""

import contextlib
import dataclasses
import functools
import os
import signal
import socket
import sys
import threading
import time
import types

import pytest
from optuna.trial import TrialState
from test_pipeline import alive, made_settings, run, until, write_notebook
from test_tuning import SPACE, Fake, left_running
from typer.testing import CliRunner

from fer_utils import cli, locks, tuning
from fer_utils.errors import FerError
from fer_utils.pipeline import cluster, execute, lock, manifest, planning, suite
from fer_utils.pipeline import trials as on_tasks
from fer_utils.tuning import searching

SUITE = (
    suite.Notebook("01_a"),
    suite.Notebook("02_b"),
    suite.Notebook("03_c", needs=("01_a",)),
    suite.Notebook("04_fails"),
    suite.Notebook("05_not_run", needs=("04_fails",)),
    suite.Notebook("06_shows", uses=("04_fails", "03_c")),
)
WAITS = """
import os, pathlib, time
with open("kernels.txt", "a") as file:
    file.write(str(os.getpid()) + "\\n")
with open("tries.txt", "a") as file:
    file.write("{name}\\n")
while not pathlib.Path("killed").exists():
    time.sleep(0.05)
pathlib.Path(RUN_DIR, "{name}.txt").write_text("{name}")
"""


def write_suite(folder):
    for name in ("01_a", "02_b"):
        write_notebook(folder, name, WAITS.format(name=name))
    write_notebook(
        folder, "03_c", 'open(RUN_DIR + "/c.txt", "w").write(open(RUN_DIR + "/01_a.txt").read())'
    )
    write_notebook(folder, "04_fails", "1 / 0")
    write_notebook(folder, "05_not_run", "1")
    seen = 'sorted(p.name for p in pathlib.Path(RUN_DIR).glob("*.txt"))'
    shows = f'import pathlib\npathlib.Path(RUN_DIR, "d.txt").write_text(str({seen}))'
    write_notebook(folder, "06_shows", shows)


@pytest.fixture(scope="module")
def nodes():
    """Return a cluster of a head without CPUs and two nodes with one each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_raylet_start_wait_time_s", "120")  # read as Ray is imported
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # this file's imports, on each node
        pytest.importorskip("ray", reason="Ray, an optional extra, is not installed")
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False}
        made = Cluster(initialize_head=True, head_node_args=head)
        for _ in range(2):
            made.add_node(num_cpus=1)
        yield made
        made.shutdown()


def on_ray(folder, nodes, **options):
    with cluster.engine(nodes.address) as engine:
        return run(folder, SUITE, engine=engine, **options)


def files(folder):
    return {p.name: p.read_text() for p in (folder / "run").glob("*.txt")}


def owners(folder):
    manifests = manifest.Manifests(made_settings(folder), folder)
    found = {n.name: manifests.read(n.name) for n in SUITE}
    return {name: sorted(done["outputs"]) for name, done in found.items() if done}


@pytest.mark.slow
def test_a_node_is_killed_and_the_run_gives_what_a_local_one_does(nodes, tmp_path):
    import ray

    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        write_suite(folder)
    (here / "killed").touch()
    code, _ = run(here, SUITE)
    assert code == 1

    def kill():
        tries = there / "tries.txt"
        until(lambda: tries.exists() and len(tries.read_text().split()) == 2, seconds=120)
        own = ray.get_runtime_context().get_node_id()  # a driver may sit on any of them
        lost = next(node for node in nodes.worker_nodes if node.node_id != own)
        nodes.remove_node(lost, allow_graceful=False)
        kernels = [int(pid) for pid in (there / "kernels.txt").read_text().split()]
        until(lambda: not all(map(alive, kernels)), seconds=60)  # else it may still succeed
        (there / "killed").touch()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    code, printed = on_ray(there, nodes)
    killer.join()
    assert code == 1
    tries = sorted((there / "tries.txt").read_text().split())
    assert tries in (["01_a", "01_a", "02_b"], ["01_a", "02_b", "02_b"])
    assert files(there) == files(here)
    assert owners(there) == owners(here)
    assert "05_not_run  not run: needs 04_fails" in printed
    assert "04_fails failed in cell 3: 1 / 0\n  ZeroDivisionError: division by zero" in printed
    assert "06_shows  done" in printed

    _, again = on_ray(there, nodes)  # what failed is tried again, and what shows it
    assert [f"{n}  up to date" in again for n in ("01_a", "02_b", "03_c")] == [True] * 3
    assert "06_shows  done" in again


@dataclasses.dataclass
class DiesOnce:
    """Its first trial kills the process, and looks as if that had been on another machine."""

    opened: object
    died: object
    space = SPACE

    def __call__(self, values, report):
        if not self.died.exists():
            self.died.touch()
            study = self.opened()
            for trial in study.get_trials(states=(TrialState.RUNNING,)):
                if trial.user_attrs["process"] == locks.this_process():
                    study._storage.set_trial_user_attr(trial._trial_id, "process", "far:1")
            os.kill(os.getpid(), signal.SIGKILL)
        Fake()(values, report)


@pytest.mark.slow
def test_trials_are_tasks(nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_run", lambda *_: pytest.fail("a trial ran here"))
    opened = functools.partial(tuning.open_study, tmp_path / "s.journal", "s", startup=3)
    table = on_tasks.search(opened, Fake(), 4, nodes.address, "smoke")
    assert len(table) == 4
    died = tmp_path / "died"
    table = on_tasks.search(opened, DiesOnce(opened, died), 6, nodes.address, "smoke")
    assert len(table) == 6
    assert died.exists()
    assert "running" not in set(table["state"]), "the lost one was known to be lost"


@pytest.mark.slow
def test_no_machine_has_what_a_notebook_asks_for(nodes):
    asked = "no machine of this Ray has 4 CPU and 1 GPU for a notebook of profile gpu"
    with pytest.raises(FerError, match=asked), cluster.engine(nodes.address, "gpu"):
        pass


@pytest.mark.slow
def test_one_run_at_a_time_on_ray_too(nodes, tmp_path):
    write_suite(tmp_path)
    with lock.held(tmp_path / "run"), pytest.raises(FerError, match="in use by process"):
        on_ray(tmp_path, nodes)


def test_trials_of_tasks_that_stay_lost_run_here(monkeypatch, capsys):
    study = tuning.open_study(None, "s", pruner="none")

    class LostError(Exception):
        """Stand in for Ray's error of a task that was lost with each of its machines."""

    def remote(opened, objective, trials, name):
        left_running(study, "far:1").set_user_attr("task", name)

    def get(references):
        raise LostError("node died")

    errors = types.SimpleNamespace(RayError=LostError, RayTaskError=ZeroDivisionError)
    ray = types.SimpleNamespace(put=lambda value: value, get=get, exceptions=errors)
    monkeypatch.setattr(on_tasks, "connected", lambda *_: contextlib.nullcontext(ray))
    monkeypatch.setattr(on_tasks, "task_of", lambda *_: types.SimpleNamespace(remote=remote))
    table = on_tasks.search(lambda: study, Fake(), 2)
    assert table["state"].tolist() == ["finished"] * 2
    assert "machines were lost, the rest of the trials run here" in capsys.readouterr().out


def test_a_notebook_whose_lost_try_never_ends_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "ORPHAN_SECONDS", 0.1)
    monkeypatch.setattr(lock, "ORPHAN_SECONDS", 0.1)
    executed = tmp_path / "run" / "notebooks"
    write_notebook(tmp_path, "01_a", "1")
    with lock.held(executed.parent / ".ray" / "01_a"):
        failure, _ = cluster._execute("01_a", tmp_path, executed, {}, {})
    assert isinstance(failure, execute.NotebookFailed)
    assert f"01_a is in use by process {os.getpid()}: wait until it ends" in failure.error


@pytest.fixture
def any_ray(monkeypatch):
    """Stand in for Ray: nothing is asked of it."""
    monkeypatch.setitem(sys.modules, "ray", types.ModuleType("ray"))


def entered(*arguments):
    with cluster.engine(*arguments):
        pass


def test_an_address_that_does_not_answer(any_ray):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(FerError, match=f"no Ray answers at 127.0.0.1:{port} .*start one"):
        entered(f"127.0.0.1:{port}")
    assert time.monotonic() - began < 2 * cluster.PATIENCE


def test_an_address_where_something_is_silent(any_ray, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(FerError, match=f"no Ray answers at {address} .timed out"):
            entered(address)


@pytest.mark.parametrize("address", ["here", "here:", ":6379", "here:there", "auto"])
def test_what_is_no_address(any_ray, address):
    with pytest.raises(FerError, match="is no address of Ray: write HOST:PORT"):
        entered(address)


def test_without_ray_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    ended = CliRunner().invoke(cli.app, ["run", "--data", "synthetic", "--engine", "ray"])
    assert ended.exit_code == 2
    assert "error: Ray is not installed: pip install 'fer-utils[ray]'" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "slurm"], "no engine 'slurm': there are local, ray"),
        (["--address", "a:1"], "--address a:1 is Ray's: add --engine ray"),
    ],
)
def test_engines_there_are(arguments, said):
    ended = CliRunner().invoke(cli.app, ["run", "--data", "synthetic", *arguments])
    assert ended.exit_code == 2
    assert said in ended.stderr


def test_what_is_needed_or_shown_comes_first():
    steps = [planning.Step(notebook, "why") for notebook in SUITE]
    ready = planning.ready(steps, [])
    assert [step.notebook.name for step in ready] == ["01_a", "02_b", "04_fails"]
    ready = planning.ready(steps[4:], steps[3:4])
    assert ready == []


def test_what_another_ended_with_meanwhile_is_its_own(tmp_path):
    """Two run at the same time; the first to begin ends last."""
    for notebook in SUITE[:2]:
        write_notebook(tmp_path, notebook.name)
    manifests = manifest.Manifests(made_settings(tmp_path), tmp_path)
    for notebook in SUITE[:2]:
        manifests.begin(notebook)
        (manifests.executed / f"{notebook.name}.ipynb").touch()
    for name in ("b", "a"):
        (tmp_path / "run" / f"{name}.txt").write_text(name)
        manifests.finish({"b": "02_b", "a": "01_a"}[name], 1)
    assert manifests.read("02_b")["outputs"].keys() == {"b.txt"}
    assert manifests.read("01_a")["outputs"].keys() == {"a.txt"}


def test_checkpoints_of_a_fit_that_goes_on_are_no_result(tmp_path):
    for name in ("v1/checkpoint/epoch3.npz", "v1/metrics.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert list(manifest.snapshot(tmp_path)) == ["v1/metrics.json"]
