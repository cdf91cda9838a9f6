"""Images a second of the training layers, and the memory of any number of transforms.

usage: python benchmarks/augmentation.py [PHOTOGRAPHS or FOLDER]

Speed: 48x48 images through the same moves (seed 000's), every way in one process, in turns.
Keras compiles the layers as it compiles a training step: by XLA on JAX and on a GPU, not on
TensorFlow's CPU. KERAS_BACKEND chooses.

Memory: the photographs of FOLDER, the facial_expressions set, labelled or not, at 150x150; or
PHOTOGRAPHS (4,312 by default) such images of random pixels. They are streamed with 0, 21 and 40
transforms each, every number in a process of its own.
"""

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import measuring
import numpy as np

BATCH, SIDE, TURNS = 256, 48, 9
PHOTO = 150
SETS = {0: (), 21: "seed000_21", 40: "seed000_40"}


def compiled(layers):
    """Return a function of a batch that runs layers as training does, compiled by Keras."""
    import keras

    class Drawing(keras.Sequential):
        def call(self, images, training=None):
            return super().call(images, training=True)

    return Drawing([keras.Input((SIDE, SIDE, 1)), *layers]).predict_on_batch


def ways(images):
    """Return name -> a function without arguments that augments the batch once."""
    from keras import layers
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    from fer_utils.augment.layers import preset

    three = [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(20 / 360, fill_mode="nearest"),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
    ]
    five = [
        *three,
        layers.RandomShear(0.1, 0.0, fill_mode="nearest"),
        layers.RandomZoom(0.1, 0.1, fill_mode="nearest"),
    ]
    generator = ImageDataGenerator(
        rotation_range=20,
        width_shift_range=0.1,
        height_shift_range=0.1,
        shear_range=5.73,
        zoom_range=0.1,
        horizontal_flip=True,
    ).flow(images, batch_size=BATCH)
    functions = {
        "preset seed000, one warp": compiled(preset("seed000")),
        "preset modern, without mixing": compiled(preset("modern")),
        "three Keras layers (flip, rotation, shift)": compiled(three),
        "five Keras layers (and shear, zoom)": compiled(five),
    }
    timed = {name: lambda f=function: f(images) for name, function in functions.items()}
    return timed | {"ImageDataGenerator": lambda: next(generator)}


def speed():
    """Return name -> images a second, one number a turn."""
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 1))
    found = measuring.in_turns(ways(pixels.astype("float32")), TURNS)
    return {name: [BATCH / x for x in seconds] for name, seconds in found.items()}


def photographs_of(source):
    """Return uint8 images: those of a folder, or as many of random pixels as a number says."""
    if not source.isdigit():
        from fer_utils import datasets

        return datasets.load("facial_expressions", source, PHOTO).images
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (int(source), PHOTO, PHOTO), dtype=np.uint8)


def stream(transforms, source):
    """Print seconds, copies and peak memory of streaming so many transforms, as JSON."""
    from fer_utils.augment import bank

    images = photographs_of(source)
    names = SETS[transforms] and bank.SETS[SETS[transforms]]
    copies = bank.Augmented(images, np.zeros(len(images), "int8"), names)
    order = np.random.default_rng(0).permutation(len(copies))
    start = time.perf_counter()
    for first in range(0, len(copies), BATCH):
        copies[order[first : first + BATCH]]
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "copies": len(copies), "peak": peak}))


def in_process(transforms, source):
    """Return what ``stream`` prints in a process of its own."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, __file__, source, str(transforms)]
    env = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def memory_table(source):
    """Return the markdown table of peak memory."""
    lines = [
        "| transforms | images | peak memory, MB | over none | held as uint8 | as float32 "
        "| images a s |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    in_process(0, source)  # fills the cache of decoded photographs, which takes memory too
    found = {transforms: in_process(transforms, source) for transforms in SETS}
    for transforms, run in found.items():
        held = run["copies"] * PHOTO * PHOTO / 1e6
        over = (run["peak"] - found[0]["peak"]) / 1e6
        rate = run["copies"] / run["seconds"]
        cells = [transforms, run["copies"], run["peak"] / 1e6, over, held, 4 * held, rate]
        lines.append(f"| {' | '.join(f'{cell:,.0f}' for cell in cells)} |")
    return "\n".join(lines)


def main():
    """Measure and print."""
    source = sys.argv[1] if len(sys.argv) > 1 else "4312"
    if len(sys.argv) > 2:
        return stream(int(sys.argv[2]), source)
    # First, while this process is small: Linux counts its memory as that of those it starts.
    what = "random pixels" if source.isdigit() else "the facial_expressions set"
    print(f"{PHOTO}x{PHOTO}, {what}, MB of 10^6 bytes\n\n{memory_table(source)}\n")
    warnings.simplefilter("ignore")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    where = f"keras {keras.__version__} on {keras.backend.backend()}"
    print(f"{SIDE}x{SIDE} grey, {BATCH} a batch, {where}\n")
    print(measuring.table(speed(), "images a second", more_is_better=True))
    return None


if __name__ == "__main__":
    main()
