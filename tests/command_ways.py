"""The ways to check a command of the pages: each takes it and a copy of the clone to run it in."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import documents
import nbformat
import pytest
from typer.testing import CliRunner

import fer_utils.weights.__main__ as weights
from fer_utils import cli

# What a page calls the reader's own, and what stands for it here, in the copy of the clone.
STANDINS = {
    "/path/to/the/folder": "fer2013.csv",
    "/path/to/fer2013": "fer2013.csv",
    "/path/to/facial_expressions": "fer2013.csv",
    "FOLDER": "holiday",
    "OUT": "out",
}


def words(command, clone=None):
    """Return a command's words; with a clone, its files stand for the reader's."""
    found = shlex.split(command.removeprefix(".venv/bin/"))
    return [STANDINS.get(word, word) for word in found] if clone else found


def invoke(command, clone, *more):
    """Run ``python -m fer_utils ...`` in this process; return what it printed."""
    start, *arguments = shlex.split("python -m fer_utils"), *words(command, clone)[3:]
    assert words(command)[:3] == start
    ended = CliRunner().invoke(cli.app, [*arguments, *more])
    assert "Usage:" not in ended.output, ended.output
    return ended


# The ways to check a command


def runs(*wanted, code=0):
    """Check that the command runs, and prints all these patterns."""

    def check(command, clone):
        ended = invoke(command, clone)
        assert ended.exit_code == code, ended.output
        for pattern in wanted:
            assert re.search(pattern, ended.output, re.M), ended.output

    return check


def plans(command, clone):
    """Check that ``run`` takes it and finds its notebooks; hours of training are left out."""
    ended = invoke(command, clone, "--dry-run")
    assert ended.exit_code == 0, ended.output
    named = re.findall(r"--only (\d\d)", command)
    assert all(f"\n{number}_" in f"\n{ended.output}" for number in named)


def wants_token(command, clone):
    """Check that the command would go to Kaggle, had it a token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KAGGLE_API_TOKEN")
        ended = invoke(command, clone)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: no Kaggle token found: make one at https://")


def taken_by(module):
    """Check that a module's argparse takes it."""

    def check(command, clone):
        name = module.__name__.removesuffix(".__main__")
        assert words(command)[:3] == ["python", "-m", name]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "exit_code", lambda run, given: given)
            assert module.main(words(command, clone)[3:]).run

    return check


def unpacks(command, clone):
    """Check that networks that ship are laid into the run folder."""
    _, run, *networks, _ = given = words(command, clone)[3:]
    assert weights.main(given) == 0
    for network in networks:
        assert (clone / run / network.partition("=")[2] / "model.keras").exists()


def made(command, clone):
    """Check that make has the target and the variables, and that what it calls is taken."""
    if not shutil.which("make"):
        pytest.skip("there is no make")
    _, target, *given = words(command)
    makefile = documents.read("Makefile")
    for name in (word.partition("=")[0] for word in given):
        assert re.search(rf"^{name} \??=", makefile, re.M), f"the Makefile has no {name}"
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    call = ["make", "-n", "-o", ".venv/ready", "-C", documents.ROOT, target]
    ended = subprocess.run([*call, *given], env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for line in re.findall(r"^\.venv/bin/(python -m fer_utils run .*)", ended.stdout, re.M):
        plans(line, clone)


def measures(command, clone):
    """Check a benchmark: it is there, compiles, and its usage has room for the arguments."""
    _, script, *given = words(command)
    source = Path(script).read_text(encoding="utf-8")
    compile(source, script, "exec")
    usage = re.search(rf"(?:[Uu]sage: )?python {script}(.*)", source)
    options = re.findall(r" (--[a-z]+)", command)
    assert all(f'"{option}"' in source for option in options)
    if usage is None:
        assert not given, "its docstring has no usage"
        return
    room = re.sub(r"\[--\w+ [^\]]*\]", "", usage[1])
    least = len(re.findall(r"\w+", re.sub(r"\[.*?\]", "", room)))
    most = 99 if "..." in room else len(re.findall(r"\w+(?:=\w+)?", room))
    assert least <= len(given) - 2 * len(options) <= most, f"{script}{usage[1]}"


def papermills(command, clone):
    """Check that papermill takes it, and the notebook has its parameters."""
    from papermill.cli import papermill

    given = papermill.make_context("papermill", words(command)[3:]).params
    notebook = nbformat.read(given["notebook_path"], as_version=4)
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    for name, _ in given["parameters"]:
        assert re.search(rf"^{name} = ", cell.source, re.M), f"no parameter {name}"


def rays(command, clone):
    """Check that Ray's own command line takes it."""
    scripts = pytest.importorskip("ray.scripts.scripts")
    group = words(command)[1:]
    scripts.cli.commands[group[0]].make_context("ray", group[1:])


def opens(command, clone):
    """Check that JupyterLab is among the dependencies and the notebook there."""
    assert words(command)[:2] == ["jupyter", "lab"]
    assert "jupyterlab" in documents.read("pyproject.toml")
    assert Path(words(command)[2]).is_file()


def installs(command, clone):
    """Check that what pip is to install is this project, or an extra of it, so that it fits."""
    (package,) = words(command)[2:]
    wanted = "[build-system]" if package == "." else f'"{package}>='
    assert wanted in documents.read("pyproject.toml")


def are_there(command, clone):
    """Check that the files of tests are there."""
    assert all((documents.ROOT / file).is_file() for file in words(command)[3:])


def elsewhere(file, name):
    """Say which other test runs it, and by what name it is known there."""

    def check(command, clone):
        assert name in documents.read(f"tests/{file}")

    return check
