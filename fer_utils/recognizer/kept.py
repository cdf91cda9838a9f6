"""ONNX files of networks in the user's cache: exported once, so that later starts are quick."""

import warnings
from importlib import metadata

from fer_utils import paths, runs
from fer_utils.errors import FerError

VERSION = 1  # to be raised when the export gives something else


def kept(name, make, opened):
    """Return ``opened(path)`` of the cache's file, which ``make`` gives where there is none.

    Args:
        name: str, of the file; it tells the content that it is made from.
        make: function that returns the bytes.
        opened: function of a path or of bytes, whose FerError means a damaged file.
    """
    path = paths.cache_dir() / "onnx" / f"{name}-{VERSION}.onnx"
    if path.is_file():
        try:
            return opened(path)
        except FerError:
            pass  # damaged: it is made anew
    content = make()
    try:
        with runs.whole_file(path) as part:
            part.write_bytes(content)
    except FerError as problem:
        warnings.warn(f"the next start will be slow too: {problem}", stacklevel=3)
    return opened(content)


def classifier(source, precision, say):
    """Return an ONNX Runtime session of a network, exported and checked where it is new.

    Args:
        source: ``export.Source``.
        precision: ``float32`` or ``int8``.
        say: takes a line of text before the export.
    """
    from fer_utils import export

    def make():
        say(f"preparing the network {source.name} for ONNX Runtime, once ...")
        return export.checked(source.load(), precision)[0]

    return kept(f"{source.name}-{precision}-{source.sha256[:16]}", make, export.session)


def detector(say):
    """Return the face detector's three networks on ONNX Runtime.

    Args:
        say: takes a line of text before the export.
    """
    from fer_utils import export

    made = []  # all three come of one conversion

    def part(i):
        if not made:
            say("preparing the face detector for ONNX Runtime, once ...")
            made.extend(export.detector_to_onnx())
        return made[i]

    name = f"mtcnn-{_version('mtcnn')}"
    return tuple(
        kept(f"{name}-{i}", lambda i=i: part(i), export.OnnxNetwork)
        for i in range(export.DETECTOR_NETWORKS)
    )


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise FerError(f"faces need the package {package}: pip install {package}") from None
