"""The pages' Python runs as it stands, commands print what they say, links lead somewhere."""

import ast
import contextlib
import dataclasses
import importlib
import inspect
import io
import re

import documents
import numpy as np
import photographs
import pytest
from rich.console import Console

from fer_utils import paths, runs, settings
from fer_utils.pipeline import results, suite

README = documents.PAGES[[page.name for page in documents.PAGES].index("README.md")]
CARDS = [page for page in documents.PAGES if page.parent.name == "weights"]
KINDS = {"", "bash", "diff", "mermaid", "python"}


def as_pattern(text):
    """Return a pattern for a text in which numbers may be others."""
    return re.sub(r"\d+", r"\\d+", re.escape(text))


def test_the_readmes_python_runs_in_order(tmp_path, monkeypatch, capsys):
    smoke = dataclasses.replace(settings.PROFILES["smoke"], rows=400)  # else 3,600: some seconds
    monkeypatch.setitem(settings.PROFILES, "smoke", smoke)
    monkeypatch.chdir(tmp_path)
    photographs.jpeg(tmp_path / "me.jpg")
    *training, last = documents.blocks(README, "python")
    names = {}
    for code in training:
        exec(compile(code, "README.md", "exec"), names)
    assert (tmp_path / "runs" / "trial" / "v1" / "model.keras").exists()
    assert len(names["fit"].history) == 3
    assert np.allclose(names["probabilities"].sum(axis=1), 1, atol=1e-3)
    capsys.readouterr()
    exec(compile(last, "README.md", "exec"), names)
    (said,) = re.findall(r"^print.*?  # (.*)", last, re.M)
    assert re.fullmatch(as_pattern(said), capsys.readouterr().out.strip())


@pytest.mark.parametrize("page", CARDS, ids=lambda page: page.stem)
def test_a_cards_python_runs(page, faces):
    names = {"images": faces.images[:3, ..., None]}
    (code,) = documents.blocks(page, "python")
    exec(compile(code, str(page), "exec"), names)
    assert names["probabilities"].shape == (3, 7)


def test_a_run_ends_by_saying_what_the_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_dir = tmp_path / "runs" / "synthetic-smoke"
    runs.write_json(run_dir / "v8" / "metrics.json", {"accuracy": 0.5})
    for name in ("submission.csv", "synthetic-v8.csv"):
        runs.write_text(run_dir / name, "3\n")
    runs.write_json(run_dir / "submission.json", {"file": str(run_dir / "synthetic-v8.csv")})
    console = Console(file=io.StringIO(), width=100)
    results.conclude(run_dir, suite.SUITE, console)
    said = documents.blocks(README, "")[0]
    assert console.file.getvalue().endswith(said)


def named(span):
    """Return the parts of a name in the package and the code, or None for another span."""
    found = re.fullmatch(r"(?:fer_utils\.)?(\w+(?:\.\w+)+)(\(.*\))?", span)
    if not found or found[1].endswith((".py", ".md", ".json")):
        return None
    parts = found[1].split(".")
    room = documents.ROOT / "fer_utils" / parts[0]
    there = room.is_dir() or room.with_suffix(".py").is_file()
    return (parts, ast.parse(span, mode="eval").body) if there else None


@pytest.mark.parametrize("page", documents.PAGES, ids=str)
def test_names_in_the_text_are_in_the_package(page):
    """Also that what is called takes the arguments that the text gives by name."""
    for parts, call in filter(None, map(named, documents.spans(page))):
        place = importlib.import_module(f"fer_utils.{parts[0]}")
        for i, part in enumerate(parts[1:], 2):
            module = "fer_utils." + ".".join(parts[:i])
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(module)
            place = getattr(place, part)
        if isinstance(call, ast.Call):
            given = {argument.arg: None for argument in call.keywords if argument.arg}
            inspect.signature(place).bind_partial(**given)


def test_the_readmes_table_has_every_notebook():
    rows = re.findall(r"^\| `(\d\d_\w+)` \|", documents.read(README), re.M)
    assert rows == [notebook.name for notebook in suite.SUITE]


def test_blocks_are_of_kinds_that_are_checked():
    found = {kind for page in documents.PAGES for kind in documents.kinds(page)}
    assert found <= KINDS


@pytest.mark.parametrize("page", documents.PAGES, ids=str)
def test_links_lead_somewhere(page):
    for link in documents.links(page):
        name, _, anchor = link.partition("#")
        target = (paths.PROJECT / page.parent / name).resolve() if name else paths.PROJECT / page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in documents.anchors(target.relative_to(paths.PROJECT)), link
