"""The face detector's three networks as ONNX, so that photographs need no TensorFlow either."""

import tempfile
from pathlib import Path

import numpy as np

from fer_utils.export.comparing import session
from fer_utils.export.conversion import converted, in_child
from fer_utils.export.naming import INPUT

_SHAPES = ((None, None, 3), (24, 24, 3), (48, 48, 3))  # what each of them sees
DETECTOR_NETWORKS = len(_SHAPES)


def detector_to_onnx() -> tuple[bytes, ...]:
    """Return the three networks of ``faces.networks.load()``, each as the bytes of a file.

    Raises:
        FerError: mtcnn or the converter is missing.
    """
    from fer_utils import backend
    from fer_utils.faces import networks

    backend.start()
    import keras

    if keras.backend.backend() == "tensorflow":
        pairs = zip(networks.load(), _SHAPES, strict=True)
        return tuple(converted(network, shape) for network, shape in pairs)
    with tempfile.TemporaryDirectory() as folder:
        in_child("detector", folder)
        return tuple(Path(folder, f"{i}.onnx").read_bytes() for i in range(len(_SHAPES)))


class OnnxNetwork:
    """An ONNX network that is asked as Keras's are: ``predict_on_batch`` gives a list of arrays.

    Args:
        model: bytes, or the path of an ``.onnx`` file.
        threads: see ``session``.
    """

    def __init__(self, model: bytes | str | Path, threads: int = 0) -> None:
        self._session = session(model, threads)

    def predict_on_batch(self, images: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for float32 images ``(n, height, width, channels)``."""
        return self._session.run(None, {INPUT: images})
