"""Networks as ONNX files, for whatever runs without Keras, and the bundle of the web page.

An exported network takes what the Keras network takes: raw grey values 0-255; resizing, scaling
and normalising are inside it.
"""

from fer_utils.export.bundle import FILES, write_bundle
from fer_utils.export.comparing import TOLERANCE, ask, largest_difference, session
from fer_utils.export.conversion import PRECISIONS, calibration_images, to_onnx
from fer_utils.export.sources import Source, resolve

__all__ = ["FILES", "PRECISIONS", "TOLERANCE", "Source", "ask", "calibration_images",
           "largest_difference", "resolve", "session", "to_onnx", "write_bundle"]  # fmt: skip
