"""Turn the face detector's networks, as its npm package ships them, into ONNX files.

Usage: python webapp/detector.py OUT

The package holds TensorFlow Lite files and a runtime of its own. The page reads faces with ONNX
Runtime already, so one runtime runs all three networks. ``short.onnx`` finds faces that fill the
picture (128x128 pixels), ``full.onnx`` small ones (192x192). Both take RGB from -1 to 1 and give
boxes and scores for a grid of anchors, which ``src/boxes.js`` reads.
"""

import os
import sys
import warnings
from pathlib import Path

PACKAGE = Path(__file__).parent / "node_modules" / "@mediapipe" / "face_detection"
NETWORKS = {
    "short": "face_detection_short_range.tflite",
    "full": "face_detection_full_range.tflite",
}


def main():
    """Convert both into a folder."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    if not PACKAGE.is_dir():
        sys.exit("the face detector is not installed: make browser")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated")
    import tf2onnx

    from fer_utils import runs

    for name, file in NETWORKS.items():
        path = out / f"{name}.onnx"
        with runs.whole_file(path) as part:
            tf2onnx.convert.from_tflite(str(PACKAGE / file), opset=17, output_path=str(part))


if __name__ == "__main__":
    main()
