"""What users call has types and a docstring, and pdoc makes the reference of it."""

import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fer_utils
from fer_utils import paths

# Rooms that lie in another; files of a room are no rooms: what they hold for users it names.
INNER = ["augment.bank", "augment.layers", "datasets.ckplus", "datasets.facial_expressions",
         "datasets.fer2013", "datasets.ferplus", "datasets.folder", "datasets.sequences",
         "datasets.synthetic"]  # fmt: skip
OUTER = [module.name for module in pkgutil.iter_modules(fer_utils.__path__)]
ROOMS = sorted({*OUTER, *INNER} - {"__main__"})
WITHOUT_PAGE = {"cli", "commands", "plain_errors"}  # they have --help


def own(thing, module):
    """Return whether a function or class is the package's, and of this module if it says so."""
    wanted = inspect.isfunction(thing) or inspect.isclass(thing)
    home = getattr(thing, "__module__", None) or ""
    return wanted and (home == module.__name__ if module else home.startswith("fer_utils"))


def public(room):
    """Return the functions and classes of a room for users: dict of name to object."""
    module = importlib.import_module(f"fer_utils.{room}")
    if hasattr(module, "__all__"):
        named = {name: getattr(module, name) for name in module.__all__}
        return {name: thing for name, thing in named.items() if own(thing, None)}
    named = {name: thing for name, thing in vars(module).items() if not name.startswith("_")}
    return {name: thing for name, thing in named.items() if own(thing, module)}


def functions(things):
    """Yield ``(name, function)``: the functions, and the methods and properties of classes."""
    for name, thing in things.items():
        if inspect.isfunction(thing):
            yield name, inspect.unwrap(thing)
        else:
            yield from ((f"{name}.{part}", function) for part, function in methods(thing))


def methods(kind):
    for name, thing in vars(kind).items():
        if re.match("_(?!_)", name):
            continue
        thing = getattr(thing, "fget", None) or getattr(thing, "func", thing)
        ours = inspect.isfunction(thing) and thing.__module__ == kind.__module__
        if ours and thing.__code__.co_filename == inspect.getfile(kind):  # not a dataclass's
            yield name, thing


def untyped(function):
    """Return the names of what a function's signature gives no type."""
    signature = inspect.signature(function)
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    returned = [] if signature.return_annotation is not signature.empty else ["return"]
    return [name for name in bare if name not in ("self", "cls")] + returned


@pytest.mark.parametrize("room", ROOMS)
def test_what_users_call_has_types_and_docstrings(room):
    things = public(room)
    called = dict(functions(things))
    assert {name: untyped(call) for name, call in called.items() if untyped(call)} == {}
    shown = things | {name: call for name, call in called.items() if "._" not in name}
    assert [name for name, thing in shown.items() if not inspect.getdoc(thing)] == []
    assert inspect.getdoc(importlib.import_module(f"fer_utils.{room}"))


def test_a_signature_without_types_is_noticed():
    def partly(a: int, b, *rest: str, **options) -> None: ...

    assert untyped(partly) == ["b", "options"]
    assert untyped(lambda: None) == ["return"]
    assert {"load", "Dataset"} <= set(public("datasets"))
    assert "Dataset.take" in dict(functions(public("datasets")))


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_the_reference_has_a_page_for_each_room(tmp_path):
    command = ["make", "-C", str(paths.PROJECT), "-o", ".venv/ready", "api",
               f"API_DIR={tmp_path}", f"BIN={Path(sys.executable).parent}"]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    pages = {str(page.relative_to(tmp_path / "fer_utils").with_suffix(""))
             for page in (tmp_path / "fer_utils").rglob("*.html")}  # fmt: skip
    assert pages == {room.replace(".", "/") for room in set(ROOMS) - WITHOUT_PAGE}
    page = (tmp_path / "fer_utils/datasets.html").read_text(encoding="utf-8")
    assert re.findall(r'<section id="(\w+)">', page) == list(fer_utils.datasets.__all__)
    assert 'href="datasets/synthetic.html"' in page
