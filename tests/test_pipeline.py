import contextlib
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from rich.console import Console

import fer_utils
from fer_utils import locks, paths, runs, settings
from fer_utils.errors import FerError
from fer_utils.pipeline import (
    display,
    execute,
    fingerprints,
    lock,
    manifest,
    outputs,
    planning,
    runner,
    suite,
)

PARAMETERS = 'DATA = "auto"\nPROFILE = "auto"\nRUN_DIR = "auto"\nSEED = 0'
SUITE = (
    suite.Notebook("01_first"),
    suite.Notebook("02_second", needs=("01_first",)),
    suite.Notebook("03_other"),
)
FIRST = """
import json, os, pathlib, sys
import fer_utils
facts = {"python": sys.executable, "cwd": os.getcwd(), "backend": os.environ["MPLBACKEND"]}
facts |= {"package": fer_utils.__file__, "cache": os.environ["FER_UTILS_CACHE"]}
pathlib.Path(RUN_DIR, "facts.json").write_text(json.dumps(facts | {"seed": SEED, "data": DATA}))
pathlib.Path(RUN_DIR, "order.txt").open("a").write("1")
print("epoch 1/2 [red]\\nepoch 2/2")
"""


def write_notebook(folder, name, *cells):
    notebook = nbformat.v4.new_notebook()
    first = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    notebook.cells = [nbformat.v4.new_markdown_cell(f"# {name}"), first]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(notebook, folder / f"{name}.ipynb")


def made_settings(folder, seed=0):
    return settings.Settings("synthetic", None, settings.PROFILES["smoke"], folder / "run", seed)


def run(folder, table=SUITE, **options):
    """Run the suite of a folder; return the exit code and what was printed."""
    console = Console(file=io.StringIO(), width=100)
    code = runner.run(made_settings(folder), table, folder, console=console, **options)
    return code, console.file.getvalue()


def reasons(folder, seed=0, **options):
    """Return for each notebook why it would run."""
    manifests = manifest.Manifests(made_settings(folder, seed), folder)
    steps = planning.plan(manifests, SUITE, **options)
    return {step.notebook.name[:2]: step.reason for step in steps}


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory):
    """Stand in for fer_utils, so that no one who works on it meanwhile changes its hash."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "room.py").write_text("x = 0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "PACKAGE", folder)
        yield folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder whose suite has run, and what the run printed; not to be changed."""
    folder = tmp_path_factory.mktemp("suite")
    write_notebook(folder, "01_first", FIRST)
    write_notebook(folder, "02_second", 'open(RUN_DIR + "/order.txt", "a").write("2")')
    write_notebook(folder, "03_other", "1 + 1")
    hijack = folder / "jupyter" / "kernels" / "python3"
    hijack.mkdir(parents=True)
    (hijack / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        patch.setenv("MPLBACKEND", "Agg")
        (folder / "copy" / "fer_utils").mkdir(parents=True)
        (folder / "copy" / "fer_utils" / "__init__.py").touch()
        patch.setenv("PYTHONPATH", str(folder / "copy"))
        patch.setenv("FER_UTILS_CACHE", "mine")
        code, printed = run(folder)
    assert code == 0, printed
    return folder, printed


@pytest.fixture
def done(finished, tmp_path):
    """Return a copy of the finished suite's folder."""
    return shutil.copytree(finished[0], tmp_path / "suite")


def test_runs_in_order_with_parameters_in_this_interpreter(finished):
    folder, printed = finished
    facts = json.loads((folder / "run" / "facts.json").read_text())
    assert facts["python"] == sys.executable
    assert facts["cwd"] == str(folder)
    assert "inline" in facts["backend"]
    assert (facts["data"], facts["seed"]) == ("synthetic", 0)
    assert (folder / "run" / "order.txt").read_text() == "12"
    assert "\n    epoch 1/2 [red]\n    epoch 2/2\n01_first  done" in printed
    assert (folder / "run" / "report.html").exists()


def test_kernel_has_the_package_and_the_cache_of_the_run(finished):
    facts = json.loads((finished[0] / "run" / "facts.json").read_text())
    assert facts["package"] == fer_utils.__file__
    assert facts["cache"] == os.path.abspath("mine")


def test_executed_notebooks_are_whole(finished):
    executed = finished[0] / "run" / "notebooks"
    assert sorted(p.name for p in executed.iterdir()) == sorted(
        f"{n.name}{end}" for n in SUITE for end in (".ipynb", ".json")
    )
    assert nbformat.read(executed / "01_first.ipynb", 4).cells[-1].outputs[0].name == "stdout"


def test_second_call_skips_all_and_imports_nothing_heavy(done):
    script = (
        DRIVER + "print([m for m in ('papermill', 'nbconvert', 'jinja2') if m in sys.modules])"
    )
    ended = subprocess.run(driver(done, script), env=ENVIRONMENT, capture_output=True, text=True)
    assert ended.stdout.count("up to date") == 3, ended.stderr
    assert ended.stdout.endswith("[]\n")


def test_nothing_runs_again_where_nothing_changed(done):
    assert reasons(done) == {"01": None, "02": None, "03": None}


def test_outputs_of_a_notebook_do_not_count_as_its_source(done):
    notebook = nbformat.read(done / "01_first.ipynb", 4)
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="old")]
    nbformat.write(notebook, done / "01_first.ipynb")
    assert reasons(done)["01"] is None


def test_changed_source_runs_it_and_what_needs_it(done):
    write_notebook(done, "01_first", FIRST, "2 + 2")
    assert reasons(done) == {
        "01": "the notebook changed",
        "02": "01_first runs first",
        "03": None,
    }


def test_changed_parameter_runs_all(done):
    assert set(reasons(done, seed=1).values()) == {"other parameters"}


def test_changed_package_runs_all(done, package, tmp_path, monkeypatch):
    changed = shutil.copytree(package, tmp_path / "package")
    (changed / "room.py").write_text("x = 1")
    monkeypatch.setattr(manifest, "PACKAGE", changed)
    assert set(reasons(done).values()) == {"the code of fer_utils changed"}


def test_what_only_runs_and_reports_is_not_in_the_hash(package, tmp_path):
    changed = shutil.copytree(package, tmp_path / "package")
    (changed / "pipeline").mkdir()
    for name in ("cli.py", "pipeline/report.html.j2", "pipeline/runner.py"):
        (changed / name).write_text("1")
    assert fingerprints.package_hash(changed) == fingerprints.package_hash(package)
    (changed / "inner").mkdir()
    (changed / "inner" / "cli.py").write_text("1")
    assert fingerprints.package_hash(changed) != fingerprints.package_hash(package)


def test_backend_is_found_as_keras_does(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert fingerprints.backend() == "tensorflow"
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    assert fingerprints.backend() == "jax"
    assert "jax" in fingerprints.versions()
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copytree(tmp_path, tmp_path / ".keras")
    assert fingerprints.backend() == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert fingerprints.backend() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert fingerprints.backend() == "jax"


def test_the_default_backend_named_runs_nothing_again(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    write_notebook(tmp_path, "01_first")
    keys = []
    for value in ("", "tensorflow"):
        monkeypatch.setenv("KERAS_BACKEND", value)
        keys.append(manifest.Manifests(made_settings(tmp_path), tmp_path).key(SUITE[0]))
    assert keys[0] == keys[1]


def test_versions_of_all_that_makes_numbers_and_figures():
    found = fingerprints.versions()
    for name in ("opencv-python-headless", "scikit-learn", "pandas", "pillow", "matplotlib"):
        assert name in found


def test_changed_backend_runs_all(done, monkeypatch):
    other = "torch" if os.environ.get("KERAS_BACKEND") == "jax" else "jax"
    monkeypatch.setenv("KERAS_BACKEND", other)
    assert all(reasons(done).values())


def test_missing_or_changed_output_runs_its_notebook(done):
    (done / "run" / "facts.json").unlink()
    assert reasons(done)["01"] == "its facts.json is missing"
    (done / "run" / "facts.json").write_text("{}")
    assert reasons(done)["01"] == "its facts.json is changed"


def test_output_of_the_same_size_is_changed_too(done):
    path = done / "run" / "facts.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    assert reasons(done)["01"] == "its facts.json is changed"


def test_removed_submission_is_written_again(tmp_path):
    write_notebook(tmp_path, "01_first", 'open(RUN_DIR + "/submission.csv", "w").write("1")')
    run(tmp_path, SUITE[:1])
    (tmp_path / "run" / "submission.csv").unlink()
    _, printed = run(tmp_path, SUITE[:1])
    assert "01_first  done" in printed
    assert (tmp_path / "run" / "submission.csv").exists()


def test_missing_executed_notebook_runs_again(done):
    (done / "run" / "notebooks" / "03_other.ipynb").unlink()
    assert reasons(done) == {"01": None, "02": None, "03": "it did not finish"}


def test_needed_notebook_that_ran_again_runs_what_needs_it(done):
    path = done / "run" / "notebooks" / "01_first.json"
    runs.write_json(path, runs.read_json(path) | {"finished": "later"})
    assert reasons(done) == {"01": None, "02": "what it needs or shows ran again", "03": None}


def test_what_a_notebook_uses_is_not_run_for_it_but_runs_it_again(tmp_path):
    table = (suite.Notebook("01_first"), suite.Notebook("03_other", uses=("01_first",)))
    for notebook in table:
        write_notebook(tmp_path, notebook.name, "1 + 1")
    run(tmp_path, table, only=["03"])
    manifests = manifest.Manifests(made_settings(tmp_path), tmp_path)
    assert manifests.read("01_first") is None
    assert manifests.reason(table[1]) is None
    planned = {step.notebook.name: step.reason for step in planning.plan(manifests, table)}
    assert planned == {"01_first": "it has not run yet", "03_other": "01_first runs first"}
    run(tmp_path, table, only=["01"])
    assert manifests.reason(table[1]) == "what it needs or shows ran again"


def test_a_moved_run_folder_stays_up_to_date(done):
    run_dir = shutil.move(done / "run", done.parent / "elsewhere")
    moved = settings.Settings("synthetic", None, settings.PROFILES["smoke"], run_dir, 0)
    steps = planning.plan(manifest.Manifests(moved, done), SUITE)
    assert [step.reason for step in steps] == [None] * 3


def test_data_is_known_by_its_files(tmp_path):
    (tmp_path / "train.csv").write_text("1")
    before = fingerprints.data_fingerprint("fer2013", tmp_path)
    assert fingerprints.data_fingerprint("fer2013", tmp_path) == before
    (tmp_path / "train.csv").write_text("12")
    assert fingerprints.data_fingerprint("fer2013", tmp_path) != before


@pytest.mark.parametrize(
    "beside",
    ["data/test.csv", "data/example_submission.csv", "data/fer2013new.csv", "fer2013new.csv",
     "data/ferplus/fer2013new.csv"],
)  # fmt: skip
@pytest.mark.parametrize("root", ["data", "data/train.csv"])
def test_what_lies_beside_the_data_counts(root, beside, tmp_path):
    (tmp_path / "data" / "ferplus").mkdir(parents=True)
    (tmp_path / "data" / "train.csv").write_text("1")
    (tmp_path / beside).write_text("1")
    before = fingerprints.data_fingerprint("fer2013", tmp_path / root)
    assert fingerprints.data_fingerprint("fer2013", tmp_path / root) == before
    (tmp_path / beside).write_text("12")
    assert fingerprints.data_fingerprint("fer2013", tmp_path / root) != before


def test_folders_beside_a_file_do_not_count(tmp_path):
    (tmp_path / "train.csv").write_text("1")
    before = fingerprints.data_fingerprint("fer2013", tmp_path / "train.csv")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "log.txt").write_text("1")
    assert fingerprints.data_fingerprint("fer2013", tmp_path / "train.csv") == before


def test_first_file_of_an_empty_run_folder_stays_the_notebooks_own(done):
    folder = made_settings(done / "new")
    manifests = manifest.Manifests(folder, done)
    manifests.begin(SUITE[0])  # in an empty folder; is killed
    (folder.run_dir / "model.keras").write_text("model")
    manifests.begin(SUITE[0])
    (manifests.executed / "01_first.ipynb").touch()
    manifests.finish("01_first", seconds=1)
    assert set(manifests.read("01_first")["outputs"]) == {"model.keras"}


def test_restored_files_stay_the_notebooks_own(done):
    manifests = manifest.Manifests(made_settings(done), done)
    manifests.begin(SUITE[0])  # is killed here, after it had written half
    (done / "run" / "model.keras").write_text("model")
    manifests.begin(SUITE[0])  # the next start restores the file and leaves it as it is
    manifests.finish("01_first", seconds=1)
    assert set(manifests.read("01_first")["outputs"]) == {"facts.json", "model.keras"}


def test_a_file_belongs_to_whom_wrote_it_last(finished):
    manifests = manifest.Manifests(made_settings(finished[0]), finished[0])
    assert "order.txt" not in manifests.read("01_first")["outputs"]
    assert "order.txt" in manifests.read("02_second")["outputs"]


def test_only_takes_what_it_needs(done):
    assert list(reasons(done, only=["02"])) == ["01", "02"]
    assert list(reasons(done, only=["3", "01_f"])) == ["01", "03"]


def test_force_runs_the_named_ones(done):
    assert reasons(done, only=["02"], force=True) == {"01": None, "02": "--force"}
    assert set(reasons(done, force=True).values()) == {"--force"}


def test_from_takes_it_and_what_comes_after(done):
    assert list(reasons(done, start="02")) == ["02", "03"]
    (done / "run" / "notebooks" / "01_first.json").unlink()
    with pytest.raises(FerError, match="02_second needs 01_first, which has not run"):
        reasons(done, start="02")


def test_from_after_the_only_one_leaves_nothing(done):
    with pytest.raises(FerError, match="nothing to run: 01_first before --from 03"):
        run(done, only=["01"], start="03", dry_run=True)


@pytest.mark.parametrize("text", ["nope", "9", "", "0"])
def test_unknown_notebook_lists_those_there_are(text):
    with pytest.raises(FerError, match="01_first, 02_second, 03_other"):
        suite.named(SUITE, text)


@pytest.mark.parametrize("text", ["1", "01", "01_first", "01_fi", "notebooks/01_first.ipynb"])
def test_notebook_by_number_name_or_beginning(text):
    assert suite.named(SUITE, text).name == "01_first"


def test_order_follows_the_needs():
    table = (suite.Notebook("1", needs=("3",)), suite.Notebook("2"), suite.Notebook("3"))
    assert [notebook.name for notebook in suite.ordered(table)] == ["2", "3", "1"]
    with pytest.raises(FerError, match="1 needs 9, which is not in the suite"):
        suite.ordered((suite.Notebook("1", needs=("9",)),))
    with pytest.raises(FerError, match="need each other"):
        suite.ordered((suite.Notebook("1", needs=("2",)), suite.Notebook("2", needs=("1",))))


def test_the_suite_itself_is_in_order():
    assert suite.ordered(suite.SUITE) == list(suite.SUITE)


@pytest.mark.parametrize("dry_run", [True, False])
def test_notebooks_are_never_replaced_by_executed_ones(tmp_path, dry_run):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for notebook in SUITE:
        write_notebook(folder, notebook.name)
    before = (folder / "01_first.ipynb").read_bytes()
    here = settings.Settings("synthetic", None, settings.PROFILES["smoke"], tmp_path, 0)
    with pytest.raises(FerError, match="holds the notebooks themselves.*--run"):
        runner.run(here, SUITE, folder, dry_run=dry_run)
    assert (folder / "01_first.ipynb").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["notebooks"]


def test_without_a_clone_nothing_is_made(tmp_path):
    with pytest.raises(FerError, match="none is missing: run this in a clone"):
        runner.run(made_settings(tmp_path), SUITE, tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_missing_or_broken_notebook_is_named(tmp_path):
    with pytest.raises(FerError, match="01_first.ipynb is missing"):
        run(tmp_path, dry_run=True)
    (tmp_path / "01_first.ipynb").write_text("<html>")
    with pytest.raises(FerError, match="01_first.ipynb is not a notebook"):
        run(tmp_path)


def test_notebook_must_take_the_parameters(tmp_path):
    write_notebook(tmp_path, "03_other")
    path = tmp_path / "03_other.ipynb"
    path.write_text(path.read_text().replace("SEED", "SEAT"))
    with pytest.raises(FerError, match="its parameters cell lacks SEED"):
        run(tmp_path, SUITE[2:])


def test_dry_run_says_why_and_writes_nothing(tmp_path):
    for notebook in SUITE:
        write_notebook(tmp_path, notebook.name)
    code, printed = run(tmp_path, dry_run=True)
    assert code == 0
    assert "01_first   run   it has not run yet\n" in printed
    assert not (tmp_path / "run").exists()


def test_failure_stops_only_what_needs_it(tmp_path):
    own = "from fer_utils.errors import FerError\nraise FerError('train.csv: row 7: mend it')"
    write_notebook(tmp_path, "01_first", "1 + 1", "values = [1]\n\nvalues[3]")
    write_notebook(tmp_path, "02_second")
    write_notebook(tmp_path, "03_other", own)
    write_notebook(tmp_path, "04_last", "print('fine')")
    code, printed = run(tmp_path, (*SUITE, suite.Notebook("04_last")))
    executed = tmp_path / "run" / "notebooks"
    assert code == 1
    assert "02_second  not run: needs 01_first" in printed
    assert "04_last  done" in printed
    assert "01_first failed in cell 4: values = [1]\n  IndexError: list index out" in printed
    assert "03_other failed in cell 3: from fer" in printed
    assert "\n  train.csv: row 7: mend it\n" in printed
    assert str(executed / "01_first.failed.ipynb") in printed
    assert not list(executed.glob("*.part*"))
    assert not (executed / "01_first.ipynb").exists()

    write_notebook(tmp_path, "01_first", "1 + 1")
    code, printed = run(tmp_path, SUITE[:1])
    assert code == 0
    assert not (executed / "01_first.failed.ipynb").exists()


def test_notebook_without_its_library_is_left_out_with_the_reason(tmp_path):
    table = (
        suite.Notebook("01_first", libraries=("numpy", "no_such_library")),
        suite.Notebook("02_second", needs=("01_first",)),
        suite.Notebook("03_other", libraries=("numpy",)),
    )
    for notebook in table:
        write_notebook(tmp_path, notebook.name, "1 + 1")
    code, printed = run(tmp_path, table)
    assert code == 0
    assert "01_first  not run: no_such_library is not installed\n" in printed
    assert "02_second  not run: needs 01_first\n" in printed
    assert "03_other  done" in printed


def test_death_of_the_kernel_is_a_failure_of_its_cell(tmp_path):
    write_notebook(tmp_path, "01_first", "import os\nos._exit(1)")
    code, printed = run(tmp_path, SUITE[:1])
    assert code == 1
    assert "01_first failed in cell 3: import os\n  the kernel died" in printed


def test_outputs_go_into_the_notebooks(done):
    assert [path.name for path in outputs.copy(done / "run", SUITE, done)] == [
        "01_first.ipynb",
        "02_second.ipynb",
        "03_other.ipynb",
    ]
    notebook = nbformat.read(done / "01_first.ipynb", 4)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2]
    assert notebook.cells[2].outputs[0].text == "epoch 1/2 [red]\nepoch 2/2\n"
    assert "papermill" not in (done / "01_first.ipynb").read_text()
    assert outputs.copy(done / "run", SUITE, done) == []
    assert reasons(done)["01"] is None
    write_notebook(done, "03_other", "2 + 2")
    with pytest.raises(FerError, match="03_other.ipynb has changed since it ran"):
        outputs.copy(done / "run", SUITE, done)


# A runner in a process of its own, to be killed.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
DRIVER = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
import typer
from fer_utils import cli
from test_pipeline_driver import SUITE, folder, made
from fer_utils.pipeline import runner
try:
    code = cli.plain_errors(lambda: runner.run(made, SUITE, folder))()
except typer.Exit as end:
    sys.exit(end.exit_code)
"""
SETUP = """
import pathlib
from fer_utils import settings
from fer_utils.pipeline import manifest
from fer_utils.pipeline.suite import Notebook
manifest.PACKAGE = pathlib.Path({package!r})
folder = pathlib.Path(__file__).parent
made = settings.Settings("synthetic", None, settings.PROFILES["smoke"], folder / "run", 0)
SUITE = tuple(Notebook(*row) for row in {rows})
"""


def driver(folder, script=DRIVER, table=SUITE):
    rows = [(notebook.name, notebook.needs) for notebook in table]
    (folder / "test_pipeline_driver.py").write_text(
        SETUP.format(rows=rows, package=str(manifest.PACKAGE))
    )
    return [sys.executable, "-c", script, str(folder)]


SLOW = """
import os, pathlib, time
kernels = pathlib.Path(RUN_DIR, "kernels.txt")
first = not kernels.exists()
kernels.open("a").write(f"{os.getpid()}\\n")
time.sleep(60 if first else 0)
"""


def interrupted(folder, with_signal):
    """Start the slow notebook, send a signal once it sleeps; return the process, the kernel."""
    write_notebook(folder, "01_first", SLOW)
    process = subprocess.Popen(
        driver(folder, table=SUITE[:1]),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    kernels = folder / "run" / "kernels.txt"
    until(lambda: kernels.exists() and kernels.read_text().endswith("\n"))
    process.send_signal(with_signal)
    out, error = process.communicate(timeout=30)
    return process.returncode, error, int(kernels.read_text())


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_the_kernel_and_leaves_nothing_half(tmp_path):
    code, error, kernel = interrupted(tmp_path, signal.SIGINT)
    assert code == 130
    assert error.strip() == "stopped; the same command continues"
    until(lambda: not alive(kernel))
    files = sorted(path.name for path in (tmp_path / "run" / "notebooks").iterdir())
    assert files == ["01_first.json"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_after_kill_9_the_same_command_finishes(tmp_path):
    code, _, kernel = interrupted(tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    code, printed = run(tmp_path, SUITE[:1])  # waits for the orphaned kernel's end
    assert not alive(kernel)
    assert code == 0, printed
    files = sorted(path.name for path in (tmp_path / "run" / "notebooks").iterdir())
    assert files == ["01_first.ipynb", "01_first.json"]


def test_one_run_at_a_time(done):
    with (
        lock.held(done / "run"),
        pytest.raises(FerError, match=f"in use by process {os.getpid()}.*--run"),
    ):
        run(done)
    assert run(done)[0] == 0


def signed(folder, process):
    (folder / ".lock").write_text(json.dumps({"process": process}))


def test_lock_of_a_dead_process_is_waited_for(tmp_path, monkeypatch):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with lock.held(tmp_path):
        signed(tmp_path, locks.this_process().rpartition(":")[0] + f":{ended.pid}")
        monkeypatch.setattr(lock, "ORPHAN_SECONDS", 0.3)
        killed = f"killed run, process {ended.pid}, that is still ending: try again"
        with pytest.raises(FerError, match=killed), lock.held(tmp_path):
            pass
    with lock.held(tmp_path):
        assert json.loads((tmp_path / ".lock").read_text())["process"] == locks.this_process()


@pytest.mark.parametrize("machine", ["far 5f2c41d0", None])
def test_lock_of_another_machine_is_not_judged_by_this_ones_processes(
    machine, tmp_path, monkeypatch
):
    """Its process may have the number of one that runs here; so may one before a restart."""
    machine = machine or f"{platform.node()} 00000000"
    name = machine.split()[0]
    with lock.held(tmp_path):
        signed(tmp_path, f"{machine}:{os.getpid()}")
        waited = []
        monkeypatch.setattr(lock.time, "sleep", waited.append)
        monkeypatch.setattr(lock, "ORPHAN_SECONDS", 0.1)
        says = f"process {os.getpid()} of another machine, {name}: wait .*--run; .*delete .*lock"
        with pytest.raises(lock.InUse, match=says), lock.held(tmp_path):
            pass
        assert waited, "it may have been killed, and its machine be about to tell the drive so"


def test_a_process_that_runs_is_waited_for_on_request(tmp_path, monkeypatch):
    with contextlib.ExitStack() as before:
        before.enter_context(lock.held(tmp_path))
        monkeypatch.setattr(lock.time, "sleep", lambda seconds: before.close())
        with lock.held(tmp_path, patience=60):
            pass
    with lock.held(tmp_path):
        pass  # it was given back


def test_run_folder_that_cannot_be_made(done):
    shutil.rmtree(done / "run")
    (done / "run").write_text("a file in the way")
    with pytest.raises(FerError, match="cannot write .*run: "):
        run(done)


def test_full_disk_is_one_clear_error(done, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs.writing, "_flush_to_disk", full)
    with pytest.raises(FerError, match="the disk is full"):
        run(done, only=["03"], force=True)
    assert not list((done / "run").rglob("*.part*"))


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_what_jupyter_cannot_do_is_no_failure_to_write(done, monkeypatch):
    error = OSError(24, "Too many open files")
    monkeypatch.setattr(execute.papermill, "execute_notebook", failing(error))
    code, printed = run(done, only=["03"], force=True)
    assert code == 1
    assert "03_other failed in no cell\n  Jupyter could not go on: [Errno 24] Too" in printed
    assert "cannot write" not in printed
    assert "as far as" not in printed


def test_disk_that_fills_while_a_notebook_runs(done, monkeypatch):
    from papermill.iorw import LocalHandler

    monkeypatch.setattr(LocalHandler, "write", failing(OSError(28, "No space left on device")))
    with pytest.raises(FerError, match="cannot write .*03_other.ipynb: the disk is full"):
        run(done, only=["03"], force=True)
    assert not list((done / "run").rglob("*.part*"))


def test_live_display_fits_the_terminal():
    console = Console(file=io.StringIO(), width=80, height=20, force_terminal=True)
    names = [f"{i:02d}_notebook" for i in range(19)]
    shown = display.make(console, names)
    assert isinstance(shown, display.LiveDisplay)
    shown.start(names[15], cells=9)
    shown.cell(3)
    for epoch in range(30):
        shown.write(f"epoch {epoch} [bold]\n")
    with console.capture() as capture:
        console.print(shown.render())
    lines = capture.get().splitlines()
    assert len(lines) <= 20
    assert any("cell 3/9" in line for line in lines)
    assert "epoch 29 [bold]" in lines[-1]


def test_progress_bars_are_shown_once_a_line():
    console = Console(file=io.StringIO(), width=80)
    shown = display.make(console, ["01_first"])
    shown.start("01_first", cells=2)
    shown.write("10%\r50%\r")
    shown.write("100%\nrest")
    shown.end("01_first", "done")
    lines = ["01_first  2 cells …", "    100%", "    rest", "01_first  done"]
    assert console.file.getvalue().splitlines() == lines


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (187, "3 min 07 s"), (3900, "1 h 05 min")]
)
def test_duration(seconds, text):
    assert display.duration(seconds) == text


def test_what_a_killed_kernel_leaves_of_its_temporary_files_goes(tmp_path):
    code = "import tempfile\nopen(RUN_DIR + '/where', 'w').write(tempfile.mkstemp()[1])"
    write_notebook(tmp_path, "01_first", code)
    assert run(tmp_path, SUITE[:1])[0] == 0
    left = (tmp_path / "run" / "where").read_text()
    assert Path(left).parent.name.startswith(".fer-01_first.")
    assert not os.path.exists(os.path.dirname(left))
