"""Whether an ONNX file answers as the Keras network does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.export.runtime import onnx_runtime

if TYPE_CHECKING:
    import keras
    import onnxruntime

TOLERANCE = 1e-4  # of a probability: float32 in another order of sums differs by some 1e-6


def session(model: bytes | str | Path, threads: int = 0) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session on the CPU.

    Args:
        model: bytes, or the path of an ``.onnx`` file.
        threads: int, how many it computes with; 0 for as many as there are cores.

    Raises:
        FerError: onnxruntime is missing, or the file is damaged.
    """
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait by spinning take the cores from whoever else computes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # As bytes: a file could have weights that are read from other files.
        given = model if isinstance(model, bytes) else Path(model).read_bytes()
        return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exception types are many
        what = "what was given" if isinstance(model, bytes) else model
        raise FerError(f"{what} is no ONNX network that can be run: export it again") from error


def ask(session: onnxruntime.InferenceSession, images: np.ndarray, batch: int = 256) -> np.ndarray:
    """Return float32 ``(n, classes)``, an ONNX network's answers to grey or RGB images 0-255.

    Args:
        session: see ``session``.
        images: ``(n, height, width, channels)``, or ``(n, height, width)`` grey.
        batch: int, how many go through it at once.
    """
    images = with_channels(images)
    asked = session.get_inputs()[0].name
    parts = [
        session.run(None, {asked: images[start : start + batch].astype(np.float32)})[0]
        for start in range(0, len(images), batch)
    ]
    classes = session.get_outputs()[0].shape[-1]
    return np.concatenate(parts) if parts else np.empty((0, classes), np.float32)


def with_channels(images):
    """Return images as ``(n, height, width, channels)``, of grey ones with one channel."""
    images = np.asarray(images)
    return images if images.ndim == 4 else images[..., None]


def largest_difference(
    model: bytes | str | Path, keras_model: keras.Model, images: np.ndarray
) -> float:
    """Return by how much a probability differs at most between an ONNX file and Keras.

    Args:
        model: bytes, or the path of an ``.onnx`` file.
        keras_model: the ``keras.Model``.
        images: ``(n, height, width)`` or with channels, 0-255.
    """
    from fer_utils.training.prediction import batch_size

    images = with_channels(images).astype(np.float32)
    said = np.asarray(keras_model.predict(images, batch_size=batch_size(keras_model), verbose=0))
    return float(np.abs(ask(session(model), images) - said).max(initial=0))
