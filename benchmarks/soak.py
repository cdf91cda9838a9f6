"""What is left behind by doing the same often, in one process: python benchmarks/soak.py [TIMES].

Runs of notebooks, fits with predictions, and uses of a Recognizer, each TIMES (50) times on tiny
data. A fifth of them is to warm up; from then on open files, threads, child processes and files,
temporary ones and the run folder's, may not grow, and memory not by more than ``MB``. Exits with 1
where something does.
"""

import gc
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
from rich.console import Console

from fer_utils import backend, datasets, models, settings, training
from fer_utils.datasets import synthetic
from fer_utils.pipeline import runner, suite

# By each time. Of each fit TensorFlow 2.21 keeps a graph and the generator of the batches, some 12
# MB; neither Keras's clear_session nor XLA left out changes that.
MB = {"notebooks": 0.6, "fits": 15, "recognizers": 0.6}
PROFILE = settings.Profile("soak", rows=200, epochs=1, side_epochs=1, side_rows=100)
CELL = """
import numpy as np
from fer_utils import runs
runs.write_json(runs.Path(RUN_DIR, "scores", "metrics.json"), {"accuracy": float(np.mean([0, 1]))})
"""


def main():
    """Run all parts; say what grew."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    wanted = sys.argv[2:] or ("notebooks", "fits", "recognizers")
    with tempfile.TemporaryDirectory(prefix="fer-soak-") as place:
        place = Path(place)
        (place / "tmp").mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(place / "tmp")
        os.environ["JUPYTER_RUNTIME_DIR"] = str(place / "tmp" / "jupyter")
        os.environ["FER_UTILS_CACHE"] = str(place / "cache")
        parts = {"notebooks": notebooks, "fits": fits, "recognizers": recognizers}
        grown = [soaked(name, parts[name](place), place, times) for name in wanted]
    return int(any(grown))


def soaked(name, once, place, times):
    """Do something often; print what there was of each, and return what grew."""
    for i in range(times // 5):
        once(i)
    before = told(place)
    for i in range(times // 5, times):
        once(i)
    after, done = told(place), times - times // 5
    slack = {"MB": MB[name] * done}
    for what in before:
        print(f"{name}, {done} times: {what} {before[what]:,.0f} -> {after[what]:,.0f}")
    grown = [what for what in before if after[what] - before[what] > slack.get(what, 0)]
    if grown:
        print(f"{name}: {', '.join(grown)} grew")
        for path in sorted(place.rglob("tmp/*"))[:10]:
            print(f"  {path.name}")
    return grown


def told(place):
    """Return what this process holds now."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    tasks = list(Path("/proc/self/task").iterdir())
    return {
        "MB": int(resident.split()[1]) / 1024,
        "files open": len(os.listdir("/proc/self/fd")),
        "threads": len(tasks),
        "children": sum(len((task / "children").read_text().split()) for task in tasks),
        "temporary files": sum(1 for _ in (place / "tmp").rglob("*")),
        "files of the run": sum(1 for _ in (place / "run").rglob("*")),
    }


def notebooks(place):
    """Return what runs a suite of one notebook, by papermill and a kernel."""
    first = nbformat.v4.new_code_cell(
        'DATA = ""\nPROFILE = ""\nRUN_DIR = ""\nSEED = 0', metadata={"tags": ["parameters"]}
    )
    (place / "suite").mkdir()
    cells = [first, nbformat.v4.new_code_cell(CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), place / "suite" / "01_soak.ipynb")
    table = (suite.Notebook("01_soak"),)

    def once(i):
        made = settings.Settings("synthetic", None, PROFILE, place / "run", seed=i)
        code = runner.run(made, table, place / "suite", console=Console(file=io.StringIO()))
        if code:
            sys.exit("a notebook failed")

    return once


def fits(place):
    """Return what fits a network, and asks it."""
    backend.start()
    dataset = datasets.load("synthetic", n=120, size=16, seed=0)
    recipe = models.recipe("tiny", epochs=1)

    def once(i):
        made = settings.Settings("synthetic", None, PROFILE, place / "run", seed=i)
        with open(os.devnull, "w") as nowhere:
            out, sys.stdout = sys.stdout, nowhere
            try:
                fit = training.fit_or_restore("tiny", dataset, made, recipe)
            finally:
                sys.stdout = out
        training.predict(fit.model, dataset.images[:20])
        shutil.rmtree(place / "run" / "replaced", ignore_errors=True)

    return once


def recognizers(place):
    """Return what looks for faces in a photograph with a new Recognizer."""
    from fer_utils.recognizer import Recognizer

    photo = np.repeat(synthetic.snapshots(1, size=(240, 320)).dataset.images[0][..., None], 3, -1)

    def once(i):
        Recognizer(engine="onnx" if i % 2 else "keras").predict(photo)

    return once


if __name__ == "__main__":
    sys.exit(main())
