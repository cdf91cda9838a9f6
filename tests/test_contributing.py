"""CONTRIBUTING.md: its examples, put where it says in a copy of the project, pass the tests."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import documents
import pytest

PARTS = ("fer_utils", "tests", "notebooks", "pyproject.toml", "README.md")
# Those of the project's own tests that judge what was added, and the one that it brings.
JUDGES = (
    "tests/test_models_networks.py",
    "tests/test_augment_bank.py",
    "tests/test_jaffe.py",
    "tests/test_notebooks.py",
)
ADDED = "separable or (every_light or darken or sets_hold or jaffe or measure_light or the_folder)"
# An example: the file it goes into, if a line says so before it, and the block.
_EXAMPLE = re.compile(
    r"\b(?:[Ii]n|of) `(?P<file>[\w./]+)`[^`]*?:\n\n```(?P<kind>python|diff)\n(?P<code>.*?)^```",
    re.M | re.S,
)


def run(folder, *command):
    """Run a command in a copy of the project; return what it printed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "MAKE"))}
    environment = kept | {"PYTHONPATH": str(folder)}
    ended = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def changed(text, diff):
    """Return a text with a diff of a few lines applied; what it takes for there must be there."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"the example expects these lines, once:\n{before}"
    return text.replace(before, after)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the project with all examples in it."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        source = documents.ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    text = documents.read("CONTRIBUTING.md")
    for example in _EXAMPLE.finditer(text):
        path, code = folder / example["file"], example["code"]
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = changed(old, code) if example["kind"] == "diff" else f"{old}\n\n{code}".lstrip()
        path.write_text(new, encoding="utf-8")
    run(folder, "-c", _EXAMPLE.sub("", text).split("```python\n")[1].split("```")[0])
    return folder


@pytest.fixture(scope="module")
def ran(copy):
    """Return what the pipeline printed of the new notebook."""
    shell = documents.blocks(Path("CONTRIBUTING.md"), "bash")[-1]
    commands = [shlex.split(line) for line in shell.splitlines()]
    assert all(command[0] == ".venv/bin/python" for command in commands)
    return "".join(run(copy, *command[1:]) for command in commands)


def test_the_pipeline_runs_the_notebook(copy, ran):
    assert "of 255 between brightest and darkest" in ran
    assert "20_measure_light  done" in ran
    assert ran.endswith("20_measure_light.ipynb\n")
    assert (copy / "runs" / "synthetic-smoke" / "light.json").exists()


def test_the_projects_tests_accept_what_was_added(copy, ran):
    told = run(copy, "-m", "pytest", "-p", "no:cacheprovider", "-vv", *JUDGES, "-k", ADDED)
    passed = re.findall(r"::(\w+)(?:\[[\w-]+\])? PASSED", told)
    for wanted in (
        "test_learns_saves_and_loads",
        "test_dtype_shape_seed_and_the_original_stay",
        "test_persons_and_labels_are_read_from_the_names",
        "test_claims_are_checked",
        "test_the_suite_is_the_folder",
    ):
        assert wanted in passed


def test_what_was_added_is_formatted(copy):
    run(copy, "-m", "ruff", "check", "--no-cache", "fer_utils", "tests")
    run(copy, "-m", "ruff", "format", "--no-cache", "--check", "fer_utils", "tests")
