"""How much faster two Ray workers run independent notebooks than one, each pinned to one core.

Prints seconds for notebooks that compute, and for such that wait: those tell what Ray and the
pipeline cost where cores are busy with other work, which the load tells. Needs Ray.
"""

import os
import tempfile
import time
from pathlib import Path

import nbformat
import ray
from ray.cluster_utils import Cluster
from rich.console import Console

from fer_utils import settings
from fer_utils.pipeline import cluster, runner, suite

SECONDS, NOTEBOOKS = 10, 4
HEAD = {"num_cpus": 1, "include_dashboard": False}
COMPUTE = f"""
import os, time
place = int(SUITE_PLACE) % len(os.sched_getaffinity(0))
os.sched_setaffinity(0, [sorted(os.sched_getaffinity(0))[place]])
while time.process_time() < {SECONDS}:
    pass
"""
WAIT = f"import time\ntime.sleep({SECONDS})"
SUITE = tuple(suite.Notebook(f"0{i}_work") for i in range(1, NOTEBOOKS + 1))


def write_notebooks(folder, source):
    """Write independent notebooks into a folder."""
    for i, notebook in enumerate(SUITE):
        parameters = nbformat.v4.new_code_cell(
            'DATA = PROFILE = RUN_DIR = "auto"\nSEED = 0', metadata={"tags": ["parameters"]}
        )
        cells = [parameters, nbformat.v4.new_code_cell(source.replace("SUITE_PLACE", str(i)))]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{notebook.name}.ipynb")


def seconds(address, source):
    """Return how long the notebooks take, from the first to the last."""
    folder = Path(tempfile.mkdtemp())
    write_notebooks(folder, source)
    made = settings.Settings("synthetic", None, settings.PROFILES["smoke"], folder / "run", 0)
    with cluster.engine(address) as engine, open(os.devnull, "w") as nowhere:
        # Ray starts its processes at the first task: that is not what is measured.
        ray.get([ray.remote(lambda: time.sleep(3)).remote() for _ in range(2)])
        began = time.perf_counter()
        code = runner.run(made, SUITE, folder, console=Console(file=nowhere), engine=engine)
        ended = time.perf_counter() - began
    if code:
        raise SystemExit("a notebook failed")
    return ended


def main():
    """Print a line for each kind of notebook and number of workers."""
    found = {}
    for workers in (1, 2):
        made = Cluster(initialize_head=True, head_node_args=HEAD)
        for _ in range(workers - 1):
            made.add_node(num_cpus=1)
        for kind, source in (("wait", WAIT), ("compute", COMPUTE)):
            load = os.getloadavg()[0]
            found[kind, workers] = seconds(made.address, source)
            print(
                f"{kind:8} {workers} workers {found[kind, workers]:6.1f} s  load before {load:.1f}"
            )
        made.shutdown()
    for kind in ("wait", "compute"):
        print(f"{kind:8} {found[kind, 1] / found[kind, 2]:.2f} times as fast")


if __name__ == "__main__":
    main()
