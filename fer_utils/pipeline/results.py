"""The table of results, gathered from the models' metrics; and a run's last words."""

import contextlib
import csv
import filecmp
import math
import re
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from fer_utils import runs

# Columns in this order where they occur; others follow by name.
_FIRST = (
    *("model", "network", "parameters", "epochs", "train_seconds"),
    *("accuracy", "standard_error", "accuracy_without_twins", "macro_f1", "n", "scored_on"),
)
_SHORT = ("model", "parameters", "train_seconds", "accuracy", "scored_on")
_ERROR = "standard_error"
_SUBMITTED = re.compile(r"v\d+(_views)?|versions")


def collect(run_dir):
    """Return the rows of results, one dict a model: ``RUN/*/metrics.json``, flat values only.

    The versions and their ensemble come first, what they are compared with behind them.
    """
    rows = []
    for path in sorted(run_dir.glob("*/metrics.json")):
        found = runs.read_json(path)
        if isinstance(found, dict):
            flat = {k: v for k, v in found.items() if isinstance(v, (str, int, float))}
            rows.append({"model": path.parent.name, **flat})
    return sorted(rows, key=lambda row: not _SUBMITTED.fullmatch(str(row["model"])))


def columns(rows):
    """Return the names of all columns, in the order to show them."""
    present = {key for row in rows for key in row}
    return [key for key in _FIRST if key in present] + sorted(present - set(_FIRST))


def table(rows, names=None):
    """Return the rows as people read them: ``(columns, lists of texts)``.

    A standard error stands behind its accuracy, not in a column of its own.

    Args:
        rows: from ``collect``.
        names: columns to show; None for those that at least half of the rows have.
    """
    if names is None:
        names = [n for n in columns(rows) if 2 * sum(n in row for row in rows) >= len(rows)]
    names = [n for n in names if any(n in row for row in rows) and n != _ERROR]
    return names, [[_cell(row, name) for name in names] for row in rows]


def _cell(row, name):
    text = shown(row.get(name), name)
    error = row.get(_ERROR) if name == "accuracy" else None
    return f"{text} ± {shown(error)}" if text and error is not None else text


def shown(value, column=""):
    """Return a value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.1f}" if "seconds" in column else f"{value:,.3f}"


def write_csv(run_dir, rows):
    """Write ``RUN/results.csv``; return its path, or None where there are no results."""
    path = run_dir / "results.csv"
    if not rows:
        runs.remove(path)
        return None
    with runs.whole_file(path) as part, open(part, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns(rows), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def short(path):
    """Return a path as people like to read it: relative where it is below where they are."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def conclude(run_dir, suite, console, complete=True):
    """Bring the report up to date and print where everything is.

    Args:
        run_dir: the run folder.
        suite: the table of notebooks.
        console: rich Console to print on.
        complete: whether all went well; else a submission may be an old one and is not named.
    """
    from fer_utils.pipeline import report

    rows = collect(run_dir)
    places = {
        "submission": submission(run_dir) if complete else None,
        "report": report.refresh(run_dir, suite, rows),
        "scores": run_dir / "results.csv" if rows else None,
    }
    if rows:
        _print_table(rows, console)
    else:
        console.print()
    for what, path in places.items():
        if path:
            console.print(Text(f"{what:10}  {short(path)}"), soft_wrap=True)


def submission(run_dir):
    """Return the path of the run's submission, or None where there is none.

    It is the named copy, which other runs write too, while that holds the same answers.
    """
    own, noted = run_dir / "submission.csv", runs.read_json(run_dir / "submission.json")
    if not own.exists():
        return None
    if isinstance(noted, dict) and isinstance(noted.get("file"), str):
        named = run_dir / noted["file"]
        with contextlib.suppress(OSError):  # it was removed
            return named if filecmp.cmp(own, named, shallow=False) else own
    return own


def _print_table(rows, console):
    names, texts = table(rows, _SHORT)
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        title = name.replace("_", " ")
        grid.add_column(title, justify="left" if name == "model" else "right", overflow="fold")
    for row in texts:
        grid.add_row(*map(Text, row))
    console.print(grid)
