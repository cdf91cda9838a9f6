"""How much faster a folder's faces are found in batches than photograph by photograph.

    python benchmarks/face_detection.py [FOLDER] [photographs]

Takes photographs at random from a folder, else draws synthetic ones, and prints a markdown
table: processor seconds a photograph of the mtcnn package's own ``detect_faces``, one call a
photograph, and of ours; their ratio; and how far the results agree. A photograph's face is the
largest of confidence 0.9 or more. Both are warmed up first, and take turns, so that other
programs disturb both alike.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np

from fer_utils import faces
from fer_utils.datasets import photographs, synthetic
from fer_utils.faces import boxes

TURNS = 3


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
    detector, seconds = MTCNN(), {"theirs": [], "ours": []}
    one_by_one(detector, photos[:2])
    in_batches(photos[:16])
    theirs, ours = [], []
    for part in np.array_split(np.arange(len(photos)), TURNS):
        some = [photos[i] for i in part]
        for who, found, run in (("theirs", theirs, lambda p: one_by_one(detector, p)),
                                ("ours", ours, in_batches)):  # fmt: skip
            result, spent = timed(run, some)
            found += result
            seconds[who].append(spent / len(some))
    pairs = [(p, a, b) for p, a, b in zip(photos, theirs, ours, strict=True) if a and b]
    common = [share_in_common(*pair) for pair in pairs]
    slow, fast = (statistics.median(seconds[who]) for who in ("theirs", "ours"))
    print("| photographs | one by one, s | in batches, s | ratio | found by both | by one only | "
          "boxes in common, median | at least half |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    only = sum((a is None) != (b is None) for a, b in zip(theirs, ours, strict=True))
    print(f"| {len(photos)} | {slow:.4f} | {fast:.4f} | {slow / fast:.1f} | {len(pairs)} | {only} "
          f"| {np.median(common):.2f} | {np.mean(np.array(common) >= 0.5):.3f} |")  # fmt: skip


if __name__ == "__main__":
    main()
