"""How many synthetic faces a second one core draws.

    python benchmarks/synthetic_faces.py [repeats]

Prints one row of a markdown table for each image size. The clock is the processor's, so
that other programs disturb it less; one warm-up run fills the caches first.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # before numpy

import statistics
import sys
import time

import cv2

from fer_utils.datasets import synthetic

N = 1024


def images_a_second(size, seed):
    """Return how many images of a size one core draws in a second of its time."""
    start = time.process_time()
    synthetic.generate(N, size=size, seed=seed)
    return N / (time.process_time() - start)


def main():
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    cv2.setNumThreads(1)
    print("| size | faces | repeats | images/s, median | least | most |")
    print("|---|---|---|---|---|---|")
    for size in (48, 96):
        images_a_second(size, 0)
        speeds = [images_a_second(size, seed) for seed in range(repeats)]
        row = statistics.median(speeds), min(speeds), max(speeds)
        print(
            f"| {size}x{size} | {N} | {repeats} | " + " | ".join(f"{s:,.0f}" for s in row) + " |"
        )


if __name__ == "__main__":
    main()
