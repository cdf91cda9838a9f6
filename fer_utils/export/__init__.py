"""Networks as ONNX files, for whatever runs without Keras, and the bundle of the web page.

An exported network takes what the Keras network takes: raw grey values 0-255; resizing, scaling
and normalising are inside it.
"""

from fer_utils.export.bundle import FILES, write_bundle
from fer_utils.export.checking import checked
from fer_utils.export.comparing import TOLERANCE, ask, largest_difference, session
from fer_utils.export.conversion import PRECISIONS, calibration_images, converted, to_onnx
from fer_utils.export.detector import DETECTOR_NETWORKS, OnnxNetwork, detector_to_onnx
from fer_utils.export.sources import Source, classes_of, resolve

__all__ = ["DETECTOR_NETWORKS", "FILES", "PRECISIONS", "TOLERANCE", "OnnxNetwork", "Source",
           "ask", "calibration_images", "checked", "classes_of", "converted", "detector_to_onnx",
           "largest_difference", "resolve", "session", "to_onnx", "write_bundle"]  # fmt: skip
