import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import fer_utils
from fer_utils import cli, datasets, paths
from fer_utils.errors import FerError
from fer_utils.pipeline import runner

ENVIRONMENT = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
HEAVY = ("tensorflow", "keras", "jax", "numpy", "pandas", "matplotlib", "papermill", "cv2")
HEAVY += ("kaggle", "kagglesdk", "requests")


def invoke(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def python(code, *arguments, **options):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, **options)


def test_help_imports_nothing_heavy():
    code = "import sys\nfrom fer_utils import cli\ntry: cli.main()\nfinally: print(*sys.modules)"
    ended = python(code, "--help")
    assert ended.returncode == 0
    for command in ("run", "data", "report", "kaggle"):
        assert f" {command} " in ended.stdout
    assert not set(HEAVY) & set(ended.stdout.splitlines()[-1].split())


def test_module_runs_and_says_its_version():
    command = [sys.executable, "-m", "fer_utils", "--version"]
    ended = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, f"{fer_utils.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--data", "synthetic", "--profile", "huge"], "no profile 'huge'"),
        (["run", "--data", "synthetic", "--only", "99", "--dry-run"], "no notebook '99'"),
        (["run", "--data", "/no/such/place"], "/no/such/place"),
        (["data", "/no/such/place"], "/no/such/place"),
        (["report", "--run", "/no/such/place"], "is not a run folder"),
        (["report", "--run", str(paths.PROJECT)], "holds the notebooks themselves"),
        (["outputs", "--run", str(paths.PROJECT)], "holds the notebooks themselves"),
        (["run", "--data", "synthetic", "--run", str(paths.PROJECT), "--dry-run"], "notebooks th"),
        (["run", "--data", "~nobody-here/x"], "~nobody-here/x cannot be used"),
        (["run", "--data", "x" * 300], "cannot be used (File name too long)"),
        (["run", "--data", "synthetic", "--run", "~nobody-here/x"], "cannot be used"),
        (["report", "--run", "~nobody-here/x"], "cannot be used"),
        (["data", "~nobody-here/x"], "cannot be used"),
        (["data", "--pack", "~nobody-here/x"], "cannot be used"),
        (["run", "--data", "synthetic", "--only", "1", "--from", "5"], "nothing to run: 01_"),
    ],
)
def test_errors_are_one_line(arguments, message):
    ended = invoke(*arguments)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: ")
    assert ended.stderr.count("\n") == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.output


def test_data_tells_of_drawn_faces_too(monkeypatch):
    ended = invoke("data", "synthetic")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("synthetic: 3,600 images")
    assert "drawn faces have no files" in invoke("data", "synthetic", "--download").stderr
    monkeypatch.setattr(datasets, "find", lambda *args: None)
    said = invoke("data").stderr
    assert "data --download" in said
    assert "until then runs draw synthetic faces" in said


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_is_one_that_all_generators_take(seed):
    ended = invoke("run", "--data", "synthetic", "--dry-run", "--seed", seed)
    assert ended.exit_code == 2
    assert "than or equal to" in ended.stderr


def test_run_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    ended = invoke("run", "--data", "synthetic", "--run", tmp_path / "file" / "run")
    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"error: cannot write {tmp_path}")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FerError("mend it"), 2, "error: mend it\n"),
        (OSError(28, "No space", "/full/disk"), 2, "error: cannot write /full/disk: the disk is"),
        (OSError(30, "Read-only", "/disc"), 2, "error: cannot write /disc: the folder is read-o"),
        (OSError(13, "Permission denied", "/no/such/x"), 2, "error: cannot read /no/such/x: Perm"),
        (OSError(13, "Permission denied", "/"), 2, "error: cannot write /: the folder is read-o"),
        (KeyboardInterrupt(), 130, "\nstopped; the same command continues\n"),
    ],
)
def test_what_stops_a_run(error, code, said, monkeypatch):
    def fails(*args, **kwargs):
        raise error

    monkeypatch.setattr(runner, "run", fails)
    ended = invoke("run", "--data", "synthetic")
    assert ended.exit_code == code
    assert ended.stderr.startswith(said)
    assert "Traceback" not in ended.output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_file_that_may_not_be_read(monkeypatch, tmp_path):
    path = tmp_path / "file"
    path.touch(mode=0)
    monkeypatch.setattr(runner, "run", lambda *args, **kwargs: path.read_text())
    ended = invoke("run", "--data", "synthetic")
    assert ended.stderr.startswith(f"error: cannot read {path}: Permission denied: ")


def test_bugs_keep_their_traceback(monkeypatch):
    def fails(*args, **kwargs):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(runner, "run", fails)
    assert isinstance(invoke("run", "--data", "synthetic").exception, ZeroDivisionError)


def test_run_passes_its_options_on(monkeypatch, tmp_path):
    seen = {}

    def noted(chosen, **options):
        seen.update(options, chosen=chosen)
        return 1

    monkeypatch.setattr(runner, "run", noted)
    options = ["--only", "05,18", "--only", "01", "--force", "--seed", 4, "--run", tmp_path]
    ended = invoke("run", "--data", "synthetic", "--profile", "cpu", *options)
    assert ended.exit_code == 1
    assert seen["only"] == ["05", "18", "01"]
    assert (seen["start"], seen["force"], seen["dry_run"]) == (None, True, False)
    chosen = seen["chosen"]
    assert (chosen.seed, chosen.run_dir, chosen.profile.name) == (4, tmp_path.resolve(), "cpu")


def make(*arguments, **environment):
    return make_all(*arguments, **environment).stdout


def make_all(*arguments, **environment):
    command = ["make", "-C", str(paths.PROJECT), "--no-print-directory", *arguments]
    env = {k: v for k, v in ENVIRONMENT.items() if not k.startswith("MAKE")} | environment
    return subprocess.run(command, env=env, capture_output=True, text=True)


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_takes_its_variables_from_the_command_line_alone():
    wanted = '--data "auto" --profile "auto" --run "auto"'
    assert wanted in make("-n", "run", DATA="/x", PROFILE="prod", RUN="1")
    assert '--run ""' in make("-n", "run", "RUN=")


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_lists_the_targets_there_are():
    makefile = (paths.PROJECT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)", makefile, re.MULTILINE)[1].split()
    assert [line.split()[0] for line in make("help").splitlines()] == phony
    assert "\\t" not in makefile


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_clean_keeps_what_was_trained():
    assert " runs" not in make("-n", "clean")
    assert make("-n", "clean-runs") == "rm -rf runs\n"


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_a_port_in_use_is_said_before_building():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = make_all("web", f"PORT={port}", f"PYTHON={sys.executable}")
    assert f"port {port} is in use: make web PORT={port + 1}" in ended.stderr
    assert not ended.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has /dev/full")
def test_full_standard_output_is_no_traceback(tmp_path):
    (tmp_path / "notebooks").mkdir()
    command = [sys.executable, "-m", "fer_utils", "report", "--run", str(tmp_path)]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 2
    assert "the disk is full" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_backend_is_refused_in_a_line(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    ended = CliRunner().invoke(cli.app, ["data"])
    assert (ended.exit_code, ended.stderr) == (
        2,
        "error: KERAS_BACKEND is torch: tensorflow or jax is needed\n",
    )
