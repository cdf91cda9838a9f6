"""The small network beside mini_xception: images a second in the same runtimes.

Usage: python benchmarks/small_network.py

``small`` as it comes with the package, ``mini_xception`` with random weights, which answers as
fast as a trained one. Keras and ONNX Runtime, batches of 1 and 256; the networks take turns, five
times. Prints a table for each.
"""

import functools
import time

import measuring
import numpy as np

import fer_utils
from fer_utils import backend, export, models

BATCHES, TURNS, SECONDS = (1, 256), 5, 1.0


def rate(runner, images):
    """Return images a second."""
    runner(images)
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        runner(images)
        calls += 1
    return calls * len(images) / (time.perf_counter() - began)


def main():
    """Time both in turn and print the tables."""
    print(f"{backend.start()}.\n")
    networks = {
        "small": fer_utils.load_pretrained("small"),
        "mini_xception": models.build("mini_xception", input_shape=(48, 48), size=48),
    }
    for name, model in networks.items():
        print(f"{name}: {model.count_params():,} weights.")
    sessions = {name: export.session(export.to_onnx(m)) for name, m in networks.items()}
    runtimes = {
        "Keras": {name: model.predict_on_batch for name, model in networks.items()},
        "ONNX Runtime": {n: functools.partial(export.ask, s) for n, s in sessions.items()},
    }
    for runtime, runners in runtimes.items():
        for batch in BATCHES:
            images = np.random.default_rng(0).uniform(0, 255, (batch, 48, 48, 1))
            found = {f"{name}, {runtime}, batch {batch}": [] for name in runners}
            for _ in range(TURNS):
                for way, runner in zip(found, runners.values(), strict=True):
                    found[way].append(rate(runner, images.astype("float32")))
            print("\n" + measuring.table(found, "images a second", more_is_better=True))


if __name__ == "__main__":
    main()
