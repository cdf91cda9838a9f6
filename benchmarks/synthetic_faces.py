"""How many synthetic faces a second one core draws, beside reading as many photographs.

    python benchmarks/synthetic_faces.py [turns]

Prints a table for each image size. The clock is the processor's, so that other programs disturb
it less. No library is known that draws such faces: beside them stands what a set of photographs
costs, JPEGs of 350x350, as DATA622's are, opened and made smaller by Pillow.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # before numpy

import functools
import io
import itertools
import sys
import time

import cv2
import measuring
import numpy as np
from PIL import Image

from fer_utils.datasets import synthetic

N = 1024


def jpeg():
    """Return the bytes of a drawn photograph."""
    photo = synthetic.generate(1, size=350, seed=0).images[0]
    written = io.BytesIO()
    Image.fromarray(photo).save(written, "JPEG", quality=90)
    return written.getvalue()


def read(photo, size):
    """Open the same photograph N times and make each smaller."""
    return [np.asarray(Image.open(io.BytesIO(photo)).resize((size, size))) for _ in range(N)]


def main():
    """Print the tables."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    cv2.setNumThreads(1)
    photo, seeds = jpeg(), itertools.count()
    for size in (48, 96):
        ways = {
            f"drawn, {size}x{size}": lambda s=size: synthetic.generate(N, s, seed=next(seeds)),
            f"read by Pillow, {size}x{size}": functools.partial(read, photo, size),
        }
        found = measuring.in_turns(ways, turns, time.process_time)
        rates = {name: [N / x for x in seconds] for name, seconds in found.items()}
        print(measuring.table(rates, "images a second", more_is_better=True) + "\n")


if __name__ == "__main__":
    main()
