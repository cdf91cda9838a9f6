"""Seconds and memory to read train.csv and test.csv, beside what people use today.

usage: python benchmarks/parsing.py [FOLDER]

FOLDER holds train.csv and test.csv; without it, files of the full size with random pixels
are written to a temporary folder. Every figure comes from a process of its own, and the
ways take turns. The time is from the paths to uint8 arrays, imports left out; ours also
finds identical images, takes the fingerprint and, when cold, writes the cache.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import measuring
import numpy as np

ROWS = {"train": 28_709, "test": 7_178}
WAYS = {  # name -> (what it is, times measured)
    "cold": ("fer_utils, cold", 7),
    "cache": ("fer_utils, from the cache", 7),
    "fromstring": ('pandas + np.fromstring(text, dtype=int, sep=" ") a row', 3),
    "split": ('pandas + np.array(text.split(" "), dtype="uint8") a row', 3),
}


def write_random(folder):
    """Write train.csv and test.csv of the full size with random pixels."""
    words = np.array([str(value) for value in range(256)], dtype=object)
    rng = np.random.default_rng(0)
    for name, rows in ROWS.items():
        with open(folder / f"{name}.csv", "w", encoding="ascii") as file:
            file.write("emotion,pixels\n" if name == "train" else "pixels\n")
            for _ in range(rows):
                row = " ".join(words[rng.integers(0, 256, 2304)])
                file.write(f"{rng.integers(0, 7)},{row}\n" if name == "train" else f"{row}\n")


def with_fer_utils(folder):
    """Read with this project."""
    from fer_utils.datasets import fer2013

    warnings.simplefilter("ignore")  # that no labels of PublicTest lie beside
    start = time.perf_counter()
    dataset = fer2013.load(folder)
    return time.perf_counter() - start, dataset.images


def with_pandas(folder, parse):
    """Read with pandas and a function from the text of a row to its pixels."""
    import pandas as pd

    start = time.perf_counter()
    frames = [pd.read_csv(folder / f"{name}.csv") for name in ROWS]
    texts = [text for frame in frames for text in frame["pixels"]]
    images = np.stack([parse(text) for text in texts]).reshape(-1, 48, 48).astype("uint8")
    return time.perf_counter() - start, images


def measure(way, folder):
    """Print seconds, peak memory and a checksum of one way, as JSON."""
    if way == "fromstring":
        seconds, images = with_pandas(folder, lambda x: np.fromstring(x, dtype=int, sep=" "))
    elif way == "split":
        seconds, images = with_pandas(folder, lambda x: np.array(x.split(" "), dtype="uint8"))
    else:
        seconds, images = with_fer_utils(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "sum": int(images.sum(dtype=np.int64))}))


def in_process(way, folder, cache):
    """Return what ``measure`` prints in a process of its own."""
    command = [sys.executable, __file__, str(folder), way]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"FER_UTILS_CACHE": str(cache), "PYTHONPATH": path}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(folder, scratch):
    """Return a list of measurements for each way."""
    results = {way: [] for way in WAYS}
    for turn in range(max(times for _, times in WAYS.values())):
        for way, (_, times) in WAYS.items():
            if turn < times:
                cache = scratch / (f"cold-{turn}" if way == "cold" else "cold-0")
                results[way].append(in_process(way, folder, cache))
    if len({run["sum"] for runs in results.values() for run in runs}) != 1:
        sys.exit("the ways read different pixels")
    return results


def main():
    """Measure and print."""
    if len(sys.argv) > 2:
        return measure(sys.argv[2], Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "tables")  # of these two alone, whatever lies beside them
        folder.mkdir()
        if len(sys.argv) > 1:
            for name in ROWS:
                (folder / f"{name}.csv").symlink_to(Path(sys.argv[1], f"{name}.csv").resolve())
        else:
            write_random(folder)
        results = compare(folder, Path(scratch))
    data = "random pixels" if len(sys.argv) < 2 else "FER2013"
    print(f"{data}; NumPy {np.__version__}.\n")
    found = {WAYS[way][0]: [run["seconds"] for run in runs] for way, runs in results.items()}
    peaks = {WAYS[way][0]: max(run["peak"] for run in runs) / 1e6 for way, runs in results.items()}
    memory = {way: f"{peak:,.0f}" for way, peak in peaks.items()}
    print(measuring.table(found, "seconds", more={"peak memory, MB": memory}))
    return None


if __name__ == "__main__":
    main()
