"""Weights and activations of 8 bits, by ONNX Runtime."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from fer_utils.errors import FerError
from fer_utils.export.comparing import with_channels
from fer_utils.export.naming import INPUT
from fer_utils.export.runtime import onnx_runtime

_BATCH = 64


def quantised(network, images):
    """Return an ONNX network with weights and activations of 8 bits.

    Static: ranges of activations are measured once, on the images given. A channel's weights
    have a scale of their own; pairs of QuantizeLinear and DequantizeLinear say what is whole
    numbers, which every runtime reads.

    Args:
        network: bytes of a float32 ONNX file.
        images: ``(n, height, width)`` or with channels, 0-255, faces like those it will see.

    Returns:
        bytes.

    Raises:
        FerError: no images, or images of another size than the network's.
    """
    onnx_runtime()
    from onnxruntime import quantization

    images = with_channels(images).astype("float32")
    _check(network, images)
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder, "float32.onnx"), Path(folder, "int8.onnx")
        given.write_bytes(network)
        logging.disable(logging.WARNING)  # advice to preprocess what is folded already
        try:
            quantization.quantize_static(
                str(given),
                str(out),
                _reader(quantization, images),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=["Conv", "MatMul", "MaxPool", "Relu", "Gemm"],
            )
        finally:
            logging.disable(logging.NOTSET)
        return out.read_bytes()


def _check(network, images):
    import onnx

    (given,) = onnx.load_from_string(network).graph.input
    wanted = tuple(dim.dim_value for dim in given.type.tensor_type.shape.dim)[1:]
    if not len(images) or images.shape[1:] != wanted:
        raise FerError(
            f"int8 is calibrated on images of {wanted}, these are {images.shape}: give faces as "
            "the network takes them, some hundred"
        )


def _reader(quantization: Any, images: Any) -> Any:
    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.starts = iter(range(0, len(images), _BATCH))

        def get_next(self):
            start = next(self.starts, None)
            return None if start is None else {INPUT: images[start : start + _BATCH]}

    return Reader()
