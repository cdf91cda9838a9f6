"""``Recognizer`` beside the PyPI package ``fer``, which has an environment of its own.

    python benchmarks/predict_photos.py FER2013 PHOTOS [photographs]

FER2013 is the folder of its files, PHOTOS one of photographs. Prints markdown tables: how often
each network is right on PublicTest, all on the same 48x48 crops, and what int8 loses; seconds of
the clock and of the processor for a face, and for a photograph end to end, both with MTCNN;
seconds from the start of Python to the first answer. The two take turns. ``build/fer-peer`` gets
the environment the first time: some GB, as ``fer`` wants PyTorch. Without arguments it does
nothing, for it measures on real photographs alone.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fer_utils import datasets, export, paths
from fer_utils.datasets import photographs
from fer_utils.recognizer import Recognizer

TURNS = 3
PEER = paths.PROJECT / "build" / "fer-peer"
FIRST = "import fer_utils, sys; print(fer_utils.Recognizer().predict(sys.argv[1]))"
FIRST_FER = (
    "import cv2, sys; from fer.fer import FER; "
    "print(FER(mtcnn=True).detect_emotions(cv2.imread(sys.argv[1])))"
)


def environment():
    """Return the Python of the peer's environment, made the first time."""
    python = PEER / "bin" / "python"
    if not (PEER / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", PEER], check=True)
        # setuptools: the package imports pkg_resources, which later ones lack.
        install = [python, "-m", "pip", "install", "--quiet", "fer", "setuptools<81"]
        subprocess.run(install, check=True)
        (PEER / "ready").touch()
    return python


class Peer:
    """The package ``fer`` in a process of its own, see peer/ask_fer.py."""

    def __init__(self, crops, photos):
        self._folder = tempfile.TemporaryDirectory()
        given = Path(self._folder.name, "given.npz")
        named = {f"photo{i}": photo for i, photo in enumerate(photos)}
        np.savez(given, crops=crops, photos=len(photos), **named)
        script = Path(__file__).parent / "peer" / "ask_fer.py"
        self._process = subprocess.Popen(
            [environment(), script, given],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        json.loads(self._process.stdout.readline())

    def ask(self, what):
        """Return what it said and how long it took."""
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()


def timed(function, *arguments):
    """Return seconds of clock and processor, and what the call returns, as ``Peer.ask`` does."""
    wall, cpu = time.perf_counter(), time.process_time()
    said = function(*arguments)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "said": said}


def classifier(name, precision="float32", images=None):
    """Return a function from crops to answers, on ONNX Runtime; one face at a time on request."""
    source = export.resolve(name)
    content = export.checked(source.load(), precision, images)[0]
    session = export.session(content)
    return lambda crops, batch=256: export.ask(session, crops, batch).argmax(axis=1)


def accuracies(dataset, peer):
    """Return rows of name, accuracy on PublicTest and bytes that are read."""
    rows, train = dataset.rows("valid"), dataset.images[dataset.rows("train")[:512]]
    crops, labels = dataset.images[rows], dataset.labels[rows]
    said = {
        "`fer`, TFLite (its default)": peer.ask("crops")["said"],
        "`fer`, HDF5": peer.ask("hdf5")["said"],
    }
    for name in ("small", "v8"):
        said[f"{name}, float32"] = classifier(name)(crops)
        said[f"{name}, int8 by drawn faces"] = classifier(name, "int8")(crops)
        said[f"{name}, int8 by Training"] = classifier(name, "int8", train)(crops)
    return [(name, float((np.asarray(answer) == labels).mean())) for name, answer in said.items()]


def speeds(crops, photos, peer):
    """Return dict of label to list of timings, taking turns."""
    ours = {name: classifier(name, precision) for name, precision in
            (("small", "float32"), ("v8", "float32"))}  # fmt: skip
    small8, recognizer = classifier("small", "int8"), Recognizer("small")
    tasks = {
        "a face, one at a time: `fer`": lambda: peer.ask("crops"),
        "a face, one at a time: small": lambda: timed(ours["small"], crops, 1),
        "a face, in batches: small": lambda: timed(ours["small"], crops),
        "a face, in batches: small, int8": lambda: timed(small8, crops),
        "a face, in batches: v8": lambda: timed(ours["v8"], crops),
        "a photograph: `fer`, MTCNN": lambda: peer.ask("photos"),
        "a photograph: Recognizer, MTCNN": lambda: timed(recognizer.predict, photos),
    }
    results = {label: [] for label in tasks}
    for label in tasks:  # warm up
        tasks[label]()
    for _ in range(TURNS):
        for label, task in tasks.items():
            results[label].append(task())
    return results


def first_answer(python, code, photo):
    """Return seconds from the start of Python to the answer for one photograph."""
    start = time.perf_counter()
    subprocess.run([python, "-c", code, photo], check=True, capture_output=True)
    return time.perf_counter() - start


def main(root, folder, count=48):
    """Print the tables."""
    dataset = datasets.load("fer2013", root)
    files = photographs.images_in(Path(folder))
    picked = [files[i] for i in np.random.default_rng(0).permutation(len(files))[: int(count)]]
    photos = [photographs.read(file, rgb=True) for file in picked]
    rows = dataset.rows("valid")
    peer = Peer(dataset.images[rows], photos)
    print(f"PublicTest, n = {len(rows):,}\n\n| network | accuracy |\n|---|---|")
    for name, accuracy in accuracies(dataset, peer):
        print(f"| {name} | {accuracy:.4f} |")
    results = speeds(dataset.images[rows], photos, peer)
    print(f"\n| milliseconds for ({len(rows):,} faces, {len(photos)} photographs, median of "
          f"{TURNS}) | clock | processor | faces found |\n|---|---|---|---|")  # fmt: skip
    for label, turns in results.items():
        per = len(photos) if label.startswith("a photograph") else len(rows)
        wall, cpu = (
            statistics.median(t[key] for t in turns) * 1e3 / per for key in ("wall", "cpu")
        )
        print(f"| {label} | {wall:.2f} | {cpu:.2f} | {found(turns[0]['said'], label)} |")
    peer.close()
    starts = {"`fer`": (environment(), FIRST_FER), "Recognizer": (sys.executable, FIRST)}
    print("\n| seconds to the first answer | clock, least of 3 |\n|---|---|")
    for name, (python, code) in starts.items():
        print(f"| {name} | {min(first_answer(python, code, picked[0]) for _ in range(3)):.2f} |")


def found(said, label):
    """Return how many faces were found in photographs; nothing for crops."""
    if not label.startswith("a photograph"):
        return ""
    counts = [one if isinstance(one, int) else len(one) for one in said]
    failed = counts.count(-1)
    return f"{sum(counts) + failed}" + (f", {failed} photographs raised an error" * bool(failed))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print("give the folder of FER2013's files and one of photographs: skipped")
    else:
        main(*sys.argv[1:])
