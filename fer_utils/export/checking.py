"""An export that was compared with what it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.export.comparing import TOLERANCE, largest_difference
from fer_utils.export.conversion import as_float32, calibration_images, to_onnx

if TYPE_CHECKING:
    import keras


def checked(
    model: keras.Model, precision: str = "float32", images: np.ndarray | None = None
) -> tuple[bytes, float, int]:
    """Return a network as the bytes of an ONNX file, after comparing it with Keras.

    Args:
        model: ``keras.Model``, one of ours.
        precision: ``float32`` or ``int8``, see ``to_onnx``.
        images: ``(n, height, width)`` or with channels, 0-255, faces to compare on, and to
            calibrate ``int8`` by; None draws some.

    Returns:
        bytes; the largest difference of a probability; on how many images.

    Raises:
        FerError: as ``to_onnx``; in float32 a probability differs by more than ``TOLERANCE``.
    """
    model = as_float32(model)  # a network of mixed precision differs from its own float32
    images = calibration_images(model) if images is None else images
    content = to_onnx(model, precision, images)
    difference = largest_difference(content, model, images)
    # Not "more than": a NaN is wrong too.
    if precision == "float32" and not difference <= TOLERANCE:
        raise FerError(
            f"the exported network answers otherwise than Keras, by up to {difference:.2g} of a "
            f"probability ({TOLERANCE:g} is allowed): take the .keras file itself"
        )
    return content, difference, len(images)
