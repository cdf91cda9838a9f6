"""How much faster a folder's faces are found in batches than photograph by photograph.

    python benchmarks/face_detection.py [FOLDER] [photographs]

Takes photographs at random from a folder, else draws synthetic ones, and prints tables:
processor seconds a photograph of ours and of the mtcnn package's own ``detect_faces``, one call a
photograph; and how far the results agree. A photograph's face is the
largest of confidence 0.9 or more. Both are warmed up first, and take turns, so that other
programs disturb both alike.
"""

import sys
import time
from pathlib import Path

import measuring
import numpy as np

from fer_utils import faces
from fer_utils.datasets import photographs, synthetic
from fer_utils.faces import boxes

TURNS = 3
OURS, THEIRS = "faces.detect, in batches", "the package mtcnn, one by one"


def load(folder, count):
    """Return photographs, uint8 RGB of their own size."""
    if folder is None:
        drawn = synthetic.snapshots(count, size=(260, 350)).dataset.images
        return list(np.repeat(drawn[..., None], 3, axis=-1))
    files = photographs.images_in(Path(folder))
    picked = np.random.default_rng(0).permutation(len(files))[:count]
    return [photographs.read(files[i], rgb=True) for i in picked]


def one_by_one(detector, photos):
    """Return the largest confident box of each photograph, found by the package's own code."""
    found = (detector.detect_faces(photo) for photo in photos)
    believed = ([faces.Face(f["box"], f["confidence"]) for f in one] for one in found)
    return [faces.largest(one) for one in believed]


def in_batches(photos):
    """Return the same, found by fer_utils."""
    return [faces.largest(one) for one in faces.detect(photos)]


def timed(function, *args):
    """Return what a call returns, and its processor seconds."""
    start = time.process_time()
    return function(*args), time.process_time() - start


def share_in_common(photo, a, b):
    """Return the intersection over union of two faces, as far as they lie in the photograph."""
    both = [faces.inside(face.box, photo.shape) for face in (a, b)]
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in both])
    return boxes.overlaps(corners)[0, 1]


def main():
    """Print the table."""
    from mtcnn import MTCNN

    folder = sys.argv[1] if len(sys.argv) > 1 else None
    photos = load(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 96)
    detector, seconds = MTCNN(), {OURS: [], THEIRS: []}
    one_by_one(detector, photos[:2])
    in_batches(photos[:16])
    theirs, ours = [], []
    for part in np.array_split(np.arange(len(photos)), TURNS):
        some = [photos[i] for i in part]
        for who, found, search in (
            (THEIRS, theirs, lambda photos: one_by_one(detector, photos)),
            (OURS, ours, in_batches),
        ):
            result, spent = timed(search, some)
            found += result
            seconds[who].append(spent / len(some))
    pairs = [(p, a, b) for p, a, b in zip(photos, theirs, ours, strict=True) if a and b]
    common = [share_in_common(*pair) for pair in pairs]
    print(f"{len(photos)} photographs, seconds of the processor each.\n")
    print(measuring.table(seconds, "seconds") + "\n")
    only = sum((a is None) != (b is None) for a, b in zip(theirs, ours, strict=True))
    halves = np.mean(np.array(common) >= 0.5)
    print("| found by both | by one only | boxes in common, median | at least half |")
    print("|---|---|---|---|")
    print(f"| {len(pairs)} | {only} | {np.median(common):.2f} | {halves:.3f} |")


if __name__ == "__main__":
    main()
