"""One HTML file with the results and every executed notebook; it asks for nothing outside."""

import dataclasses
import datetime
import hashlib
import json
from pathlib import Path

from fer_utils import __version__, runs
from fer_utils.pipeline import results
from fer_utils.pipeline.display import duration
from fer_utils.pipeline.manifest import FOLDER

HERE = Path(__file__).parent
MARK = "<!-- fer_utils report "  # followed by the hash of what the report was made from


@dataclasses.dataclass(frozen=True)
class Entry:
    """One notebook of the report.

    Args:
        name: its name.
        state: ``done``, ``failed``, ``unfinished`` or ``not run``.
        manifest: its manifest, empty where it did not finish.
        path: the executed notebook, None where there is none.
    """

    name: str
    state: str
    manifest: dict
    path: Path | None

    @property
    def time(self):
        """How long it ran, in words."""
        return duration(self.manifest["seconds"]) if "seconds" in self.manifest else ""


def refresh(run_dir, suite, rows=None):
    """Write ``RUN/report.html`` and ``RUN/results.csv`` unless they are up to date.

    Args:
        run_dir: the run folder.
        suite: the table of notebooks.
        rows: the rows of results, where already collected.

    Returns:
        Path of the report.
    """
    rows = results.collect(run_dir) if rows is None else rows
    path = run_dir / "report.html"
    listed = entries(run_dir, suite)
    key = _key(listed, rows)
    fresh = _first_line(path).startswith(f"{MARK}{key} ")
    if not fresh or (run_dir / "results.csv").exists() != bool(rows):
        results.write_csv(run_dir, rows)
        runs.write_text(path, f"{MARK}{key} -->\n{render(listed, rows)}")
    return path


def entries(run_dir, suite):
    """Return the Entry of each notebook, in the suite's order."""
    found = []
    for notebook in suite:
        manifest = runs.read_json(run_dir / FOLDER / f"{notebook.name}.json") or {}
        done = run_dir / FOLDER / f"{notebook.name}.ipynb"
        failed = done.with_suffix(".failed.ipynb")
        if "finished" in manifest and done.exists():
            state, path = "done", done
        elif failed.exists():
            state, path = "failed", failed
        else:
            state, path = ("unfinished" if manifest else "not run"), None
        found.append(Entry(notebook.name, state, manifest, path))
    return found


def _key(listed, rows):
    parts = [rows, [(e.name, e.state, e.path and e.path.stat().st_mtime_ns) for e in listed]]
    files = [*sorted(HERE.glob("re*.*")), HERE / "style.css"]
    code = [path.read_text(encoding="utf-8") for path in files]
    return hashlib.sha256(json.dumps([parts, code]).encode()).hexdigest()[:16]


def _first_line(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline()
    except (OSError, ValueError):
        return ""


def render(listed, rows):
    """Return the report as HTML.

    Args:
        listed: the Entries.
        rows: the rows of results.
    """
    import jinja2

    from fer_utils.pipeline import rendering

    loader = jinja2.FileSystemLoader(HERE)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    columns, cells = results.table(rows)
    return environment.get_template("report.html.j2").render(
        facts=_facts(listed),
        columns=columns,
        rows=cells,
        listed=listed,
        pages=[rendering.page(entry.name, entry.path) for entry in listed if entry.path],
    )


def _facts(listed):
    done = [entry.manifest for entry in listed if entry.state == "done"]
    facts = {"made": datetime.datetime.now().strftime("%Y-%m-%d %H:%M")}
    if done:
        last = max(done, key=lambda manifest: manifest["finished"])
        facts["data"] = last.get("data", "")
        facts["profile"] = last["key"]["parameters"]["PROFILE"]
        facts["seed"] = last["key"]["parameters"]["SEED"]
        facts |= dict(last["key"]["versions"].items())
    return facts | {"fer_utils": __version__}
