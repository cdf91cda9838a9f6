"""Where a drawn face is in its picture, and what shows of its person when it is small."""

import numpy as np

_BROW = 0.14  # share of the head above what detectors call a face
_FLOOR = 12.0  # half face widths below the eyes, out of every picture


def dressed(shapes):
    """Return the shapes with a shirt that reaches down to the border of any picture."""
    points, *depth = shapes["shirt"]
    hem = points[..., 1] >= points[..., 1].max() - 1e-6
    long = np.stack([points[..., 0], np.where(hem, _FLOOR, points[..., 1])], axis=-1)
    return shapes | {"shirt": (long, *depth)}


def face_boxes(pose, shapes, size):
    """Return float32 boxes ``(n, 4)``, x, y, width, height, and eyes ``(n, 2, 2)``, in pixels."""
    skull, *irises = (
        pose.project(points, np.broadcast_to(relief, points.shape[1]),
                     np.broadcast_to(rim, points.shape[1])) * min(size)
        for points, relief, rim in (shapes[name] for name in ("head", "iris_R", "iris_L"))
    )  # fmt: skip
    low, high = skull.min(axis=1), skull.max(axis=1)
    low[:, 1] += _BROW * (high - low)[:, 1]
    eyes = np.stack([iris.mean(axis=1) for iris in irises], axis=1)
    return np.concatenate([low, high - low], axis=1), eyes
