"""The small network beside mini_xception: images a second and accuracy, in the same runtimes.

Usage: python benchmarks/small_network.py [RUN] [NAME=FOLDER ...]

RUN is a run folder (default runs/fer2013-compete) in which networks were trained; NAME=FOLDER
names them (default small=small mini_xception=mini_xception). Where a folder is missing, the
network of that name is timed with random weights. Keras, and ONNX Runtime where ``pip install
onnx onnxruntime tf2onnx`` was called; batches of 1 and 256. The networks take turns, five
times; the median counts. Prints the table.
"""

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fer_utils import backend, models, paths, runs

BATCHES, TURNS, SECONDS = (1, 256), 5, 1.0
NETWORKS = {"small": "compact", "mini_xception": "mini_xception"}


def network(run, name, folder):
    """Return the trained network of a folder, else one with random weights."""
    path = run / folder / "model.keras"
    if path.exists():
        return models.load(path)
    return models.build(NETWORKS.get(name, name), input_shape=(48, 48), size=48)


def keras_runner(model):
    """Return a function of images that answers with Keras, compiled."""
    return lambda images: model.predict_on_batch(images)


def onnx_runner(model, folder):
    """Return a function of images that answers with ONNX Runtime on all cores it may use."""
    import onnxruntime

    path = str(Path(folder) / f"{model.name}.onnx")
    model(np.zeros((1, *model.input_shape[1:]), "float32"))
    model.export(path, format="onnx", verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})


def rate(runner, images):
    """Return images a second."""
    runner(images)
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        runner(images)
        calls += 1
    return calls * len(images) / (time.perf_counter() - began)


def main():
    """Time all of them in turn and print the table."""
    given = sys.argv[1:]
    run = Path(given[0]) if given else paths.output_root() / "runs" / "fer2013-compete"
    wanted = dict(pair.split("=") for pair in given[1:]) or {name: name for name in NETWORKS}
    print(backend.start())
    found = {name: network(run, name, folder) for name, folder in wanted.items()}
    with tempfile.TemporaryDirectory() as folder:
        runners = {(name, "Keras"): keras_runner(model) for name, model in found.items()}
        if importlib.util.find_spec("onnxruntime"):
            runners |= {(n, "ONNX Runtime"): onnx_runner(m, folder) for n, m in found.items()}
        rates = {}
        for _ in range(TURNS):
            for key, runner in runners.items():
                for batch in BATCHES:
                    images = np.random.default_rng(0).uniform(0, 255, (batch, 48, 48, 1))
                    rates.setdefault((*key, batch), []).append(
                        rate(runner, images.astype("float32"))
                    )
    heads = [
        f"{runtime}, batch {batch}" for runtime in ("Keras", "ONNX Runtime") for batch in BATCHES
    ]
    print(f"| network | weights | accuracy | without twins | {' | '.join(heads)} |")
    print("|---" * (4 + len(heads)) + "|")
    for name, model in found.items():
        metrics = runs.read_json(run / wanted[name] / "metrics.json") or {}
        known = "accuracy" in metrics
        scores = ["untrained", ""]
        if known:
            scores = [f"{metrics['accuracy']:.3f} ± {metrics['standard_error']:.3f}"]
            scores += [f"{metrics['accuracy_without_twins']:.3f}"]
        cells = [
            f"{statistics.median(rates[name, runtime, batch]):,.0f}"
            if (name, runtime, batch) in rates
            else ""
            for runtime in ("Keras", "ONNX Runtime")
            for batch in BATCHES
        ]
        print(f"| {name} | {model.count_params():,} | {' | '.join(scores + cells)} |")


if __name__ == "__main__":
    main()
