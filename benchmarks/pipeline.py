"""What the pipeline costs beside papermill and nbconvert alone, and how long the suite takes.

Usage: python benchmarks/pipeline.py [--tiny | RUN]

Six tiny notebooks that wait half a second, executed by ``pipeline.runner``, by papermill's and by
nbconvert's command line, a call for each, as people do in a shell loop. Then the whole suite on
synthetic faces in a new run folder, with what its notebooks take; and once more, when all is up to
date. RUN is where it runs (default a temporary folder); ``--tiny`` leaves it out, as it takes some
10 minutes.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measuring
import nbformat
from rich.console import Console

from fer_utils import settings
from fer_utils.pipeline import runner, suite

NOTEBOOKS, TURNS = 6, 3
CELLS = ['DATA = PROFILE = RUN_DIR = "auto"\nSEED = 0', "import time\ntime.sleep(0.5)"]


def write_notebooks(folder):
    """Write tiny notebooks into a folder, and return their table."""
    tags = [{"tags": ["parameters"]}, {}]
    for i in range(1, NOTEBOOKS + 1):
        cells = [
            nbformat.v4.new_code_cell(source, metadata=metadata)
            for source, metadata in zip(CELLS, tags, strict=True)
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"0{i}_tiny.ipynb")
    return tuple(suite.Notebook(f"0{i}_tiny") for i in range(1, NOTEBOOKS + 1))


def ours(folder, table):
    """Run the notebooks by the package's pipeline, into a new run folder."""
    out = Path(tempfile.mkdtemp(dir=folder)) / "run"
    made = settings.Settings("synthetic", None, settings.PROFILES["smoke"], out, 0)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        if runner.run(made, table, folder, console=Console(file=nowhere)):
            sys.exit("a notebook failed")


def by_command(folder, command):
    """Run a command of Jupyter's for each notebook."""
    for path in sorted(folder.glob("*.ipynb")):
        full = [sys.executable, "-m", *(x.format(path=path, out=folder) for x in command)]
        subprocess.run(full, check=True, capture_output=True)


def suite_seconds(run):
    """Return how many seconds a run of the suite takes, and the same call again."""
    command = [sys.executable, "-m", "fer_utils", "run", "--data", "synthetic"]
    command += ["--profile", "smoke", "--run", str(run)]
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return taken


def main():
    """Print the tables."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = write_notebooks(folder)
        (folder / "out").mkdir()
        papermill = ("papermill", "-k", "python3", "{path}", "{out}/out/out.ipynb")
        nbconvert = ("nbconvert", "--to=notebook", "--execute", "{path}", "--output-dir={out}/out")
        ways = {
            "the pipeline": functools.partial(ours, folder, table),
            "nbconvert, a call each": functools.partial(by_command, folder, nbconvert),
            "papermill, a call each": functools.partial(by_command, folder, papermill),
        }
        print(f"{NOTEBOOKS} notebooks that wait half a second each.\n")
        print(measuring.table(measuring.in_turns(ways, TURNS), "seconds"))
        given = sys.argv[1:]
        if given == ["--tiny"]:
            return
        run = Path(*given).resolve() if given else folder / "suite"
        first, second = suite_seconds(run)
        records = (run / "notebooks").glob("*.json")
        inside = sum(json.loads(x.read_text(encoding="utf-8"))["seconds"] for x in records)
    print(f"\nThe whole suite, synthetic faces, profile smoke, once: {first:.0f} s, of which its")
    print(f"notebooks and their kernels took {inside:.0f} s: {first / inside - 1:.1%} more.")
    print(f"Called again, with nothing to do: {second:.1f} s.")


if __name__ == "__main__":
    main()
