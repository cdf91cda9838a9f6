"""docs/architecture.md holds: rooms import from rooms above them, the picture is what is drawn."""

import ast
import importlib.util
import re
from pathlib import Path

import documents

PACKAGE = documents.ROOT / "fer_utils"
PAGE = Path("docs", "architecture.md")


def ordered():
    """Return the rooms as the page's table has them."""
    table = documents.read(PAGE).split("## The rooms")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.M)


def rooms():
    """Return for each room of the package its files; ``__init__`` and ``__main__`` are doors."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found.setdefault(name, []).append(path)
    assert found.pop("__init__")
    assert found.pop("__main__")
    return found


def imported(path):
    """Return the rooms that a file imports from, anywhere in it, with the lines."""
    found, tree = [], ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body.clear()  # what a type checker alone imports
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        else:
            continue
        parts = [name.split(".") for name in names]
        found += [(part[1], node.lineno) for part in parts if part[0] == "fer_utils"]
    return found


def test_the_table_names_every_room_once():
    assert sorted(ordered()) == sorted(rooms())


def test_a_room_imports_only_from_rooms_above_it():
    order, against = ordered(), []
    for room, files in rooms().items():
        above = {*order[: order.index(room) + 1], "__version__"}
        for path in files:
            against += [
                f"{path.relative_to(PACKAGE)}:{line} imports {name}"
                for name, line in imported(path)
                if name not in above
            ]
    assert against == []


def test_imports_are_absolute():
    relative = [
        str(path)
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*from \.", path.read_text(encoding="utf-8"), re.M)
    ]
    assert relative == []


def test_the_picture_is_what_is_drawn():
    script = documents.ROOT / "docs" / "images" / "data_flow.py"
    spec = importlib.util.spec_from_file_location("data_flow", script)
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    assert drawing.OUT.read_text(encoding="utf-8") == drawing.draw()
    drawn = {name[1:] for name in drawing.BOXES if name.startswith(".")}
    assert drawn <= set(rooms())
    assert {name for ends in drawing.ARROWS for name in ends} == set(drawing.BOXES)
