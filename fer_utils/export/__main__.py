"""``python -m fer_utils.export IN.keras OUT.onnx``: a conversion's child on TensorFlow."""

import sys
from pathlib import Path

from fer_utils.errors import FerError


def main():
    """Convert one file; return the exit code."""
    from fer_utils import backend
    from fer_utils.export.conversion import convert
    from fer_utils.models.loading import opened

    given, out = map(Path, sys.argv[1:])
    backend.start()
    try:
        convert(opened(given), out)
    except FerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
