"""A conversion's child on TensorFlow: ``python -m fer_utils.export WHAT OUT``.

WHAT is a ``.keras`` file, or ``detector``: then OUT is a folder for the face detector's networks.
"""

import sys
from pathlib import Path

from fer_utils.errors import FerError


def main():
    """Convert what is asked for; return the exit code."""
    from fer_utils import backend, export
    from fer_utils.models.loading import opened

    if len(sys.argv) != 3:
        sys.stderr.write("error: this is a step of python -m fer_utils export: call that\n")
        return 2
    what, out = sys.argv[1], Path(sys.argv[2])
    backend.start()
    try:
        if what == "detector":
            for i, content in enumerate(export.detector_to_onnx()):
                Path(out, f"{i}.onnx").write_bytes(content)
        else:
            out.write_bytes(export.converted(opened(Path(what))))
    except FerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
