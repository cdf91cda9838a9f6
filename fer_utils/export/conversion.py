"""From Keras to ONNX, float32 or int8.

Keras's own converter takes its functions from TensorFlow. Under another backend the network goes
through a file to a child process that runs on TensorFlow.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import reading, runs
from fer_utils.errors import FerError
from fer_utils.export.naming import INPUT, named

if TYPE_CHECKING:
    import keras

PRECISIONS = ("float32", "int8")
_OPSET = 17
_CALIBRATED = 512  # synthetic faces that ranges of activations are measured on


def to_onnx(
    model: keras.Model, precision: str = "float32", images: np.ndarray | None = None
) -> bytes:
    """Return a network as the bytes of an ONNX file.

    Its input ``images`` is float32 ``(batch, height, width, channels)``, values 0-255; its output
    ``probabilities`` is float32 ``(batch, classes)``; any number of images at a time.

    Args:
        model: ``keras.Model``, one of ours: raw images in, probabilities out.
        precision: ``float32`` or ``int8``: weights and activations of 8 bits, a channel's weights
            with a scale of their own, about a quarter of the size.
        images: ``(n, height, width)`` or with channels, 0-255, faces that the ranges of
            activations are measured on for ``int8``; None draws some.

    Returns:
        bytes.

    Raises:
        FerError: no such precision; the converter is missing or does not know a layer.

    Example:
        >>> network = fer_utils.load_pretrained("small")
        >>> Path("small.onnx").write_bytes(to_onnx(network))
        1561328
    """
    if precision not in PRECISIONS:
        raise FerError(f"no precision {precision!r}: there are {', '.join(PRECISIONS)}")
    converted = _float32(model)
    if precision == "float32":
        return converted
    from fer_utils.export.quantisation import quantised

    return quantised(converted, calibration_images(model) if images is None else images)


def calibration_images(model: keras.Model, count: int = _CALIBRATED, seed: int = 0) -> np.ndarray:
    """Return synthetic faces as a network takes them: uint8 ``(count, height, width, channels)``.

    Args:
        model: ``keras.Model``.
        count: int.
        seed: int.
    """
    from fer_utils import datasets
    from fer_utils.datasets.images import all_resized

    _, height, width, channels = model.input_shape
    drawn = datasets.load("synthetic", n=count, seed=seed).images
    return np.repeat(all_resized(drawn, (height, width))[..., None], channels, axis=-1)


def _float32(model):
    import keras

    if keras.backend.backend() == "tensorflow":
        return converted(model)
    with tempfile.TemporaryDirectory() as folder:
        out, saved = Path(folder, "model.onnx"), Path(folder, "model.keras")
        model.save(saved)
        in_child(saved, out)
        return out.read_bytes()


def in_child(*arguments):
    """Run ``python -m fer_utils.export`` on TensorFlow, whatever the backend is here.

    Raises:
        FerError: what it says on its last line.
    """
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    child = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": path}
    command = [sys.executable, "-m", "fer_utils.export", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=child, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "the export was killed: run it again").splitlines()[-1]
        raise FerError(last.removeprefix("error: "))


def converted(model: keras.Model, shape: Sequence[int | None] | None = None) -> bytes:
    """Return a Keras network on TensorFlow as the bytes of a float32 ONNX file.

    Args:
        model: ``keras.Model`` with one input.
        shape: of an image, for a network that does not tell; None within it where any will do.

    Raises:
        FerError: tf2onnx is missing, or does not know a layer.
    """
    import keras

    network = _for_inference(as_float32(model), shape)
    signature = [keras.InputSpec(shape=network.input_shape, dtype="float32", name=INPUT)]
    options = {"format": "onnx", "verbose": False, "opset_version": _OPSET}
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")  # NumPy's on names that tf2onnx still uses
            out = Path(folder, "model.onnx")
            network.export(str(out), input_signature=signature, **options)
            return named(out)
    except ImportError as error:
        raise FerError(
            f"the export needs tensorflow and tf2onnx ({reading.brief(error)}): "
            "pip install tf2onnx onnx, or take engine='keras'"
        ) from error
    except OSError as error:
        raise runs.writing_error(tempfile.gettempdir(), error) from error
    except Exception as error:  # the converter's are many
        raise FerError(f"this network cannot be exported: {reading.brief(error)}") from error


def as_float32(model):
    """Return the network with all layers in float32, of whatever precision it was trained."""
    if all(layer.compute_dtype in ("float32", None) for layer in model._flatten_layers()):
        return model
    same = type(model).from_config(_without_policies(model.get_config()))
    same.set_weights(model.get_weights())
    return same


def _for_inference(model, shape=None):
    """Return the network with its training-time behaviour switched off for good.

    A saved network can hold that a layer was called with training=True; the converter does not
    say otherwise, so that batches' own statistics would be exported.
    """
    import keras

    given = keras.Input(shape or model.input_shape[1:], name=INPUT)
    return keras.Model(given, model(given, training=False))


def _without_policies(config):
    """Return a layer's config with float32 wherever it names a dtype policy."""
    if isinstance(config, dict):
        if str(config.get("class_name", "")).endswith("DTypePolicy"):
            return "float32"
        return {key: _without_policies(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(_without_policies(value) for value in config)
    return config
