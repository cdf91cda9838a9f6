"""Photographs and videos that the tests write: one face, many, and all kinds of bad files."""

import cv2
import numpy as np
from PIL import Image


def astronaut():
    """Return uint8 ``(512, 512, 3)``, a public-domain photograph with one face at (165, 65)."""
    import skimage.data

    return skimage.data.astronaut()


def face(side=160):
    """Return the astronaut's head, uint8 ``(side, side, 3)``."""
    return cv2.resize(astronaut()[20:260, 110:350], (side, side), interpolation=cv2.INTER_AREA)


def crowd(across=5, down=4, side=160):
    """Return a photograph of across x down faces."""
    return np.tile(face(side), (down, across, 1))


def video(path, frames, rate=10):
    """Write RGB frames as a motion-JPEG video."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def jpeg(path, photo=None, **options):
    """Write a JPEG; return its path."""
    Image.fromarray(astronaut() if photo is None else photo).save(path, "JPEG", **options)
    return path
