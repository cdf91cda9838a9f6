"""Answers for benchmarks/predict_photos.py what the package ``fer`` does; in its own environment.

A line on stdin asks: ``crops`` (its classifier on the images of argument 1, an .npz), ``photos``
(end to end with MTCNN on the photographs there), ``hdf5`` (crops by its unquantised network). A
line of JSON on stdout answers: seconds of clock and of the processor, and what was said.
"""

import json
import sys
import time

import cv2
import numpy as np
from fer.fer import FER


def classified(detector, images):
    """Return probabilities of crops, prepared as the package does, without its padding."""
    faces = np.array([cv2.resize(image, (64, 64)) for image in images], "float32")
    faces = (faces / 255.0 - 0.5) * 2.0
    if not detector.use_tflite:
        faces = faces[..., None]
    return np.asarray(detector._classify_emotions(faces))


def end_to_end(detector, photos):
    """Return how many faces were found in each photograph; -1 where the package failed."""
    counts = []
    for photo in photos:
        try:
            counts.append(len(detector.detect_emotions(photo)))
        except Exception:  # noqa: PERF203 - whatever it raises is counted
            counts.append(-1)
    return counts


def main():
    """Answer until stdin ends."""
    given = np.load(sys.argv[1])
    crops = given["crops"]
    photos = [given[f"photo{i}"][..., ::-1].copy() for i in range(int(given["photos"]))]  # BGR
    start = time.perf_counter()
    detector, whole = FER(mtcnn=True), FER(mtcnn=True, use_tflite=False)
    tell({"ready": time.perf_counter() - start})
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        if line.strip() == "photos":
            said = end_to_end(detector, photos)
        else:
            said = classified(whole if line.strip() == "hdf5" else detector, crops).argmax(1)
        seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        tell({**seconds, "said": np.asarray(said).tolist()})


def tell(value):
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


main()
