"""What a web page needs of a network: three files in a folder of their own."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import __version__, labels, paths, runs, sentences
from fer_utils.errors import FerError
from fer_utils.export.checking import checked
from fer_utils.export.naming import INPUT, OUTPUT
from fer_utils.export.sources import classes_of, resolve
from fer_utils.faces.crops import CONFIDENT, MARGIN

FILES = ("model.onnx", "model.json", "card.md")
VERSION = 1  # of model.json's layout
GREY = "ITU-R 601 luma as Pillow's fixed point: (19595 R + 38470 G + 7471 B + 32768) >> 16"
SQUARE = (
    "box clipped to the photograph; side = round(min(longer * (1 + 2 margin), max(longer, shorter "
    "edge of the photograph))), half to even; same middle, then moved inside"
)
_ABOVE = (
    "All above is of the network that comes with fer_utils: its size of that file, its scores of "
    "its answers in float32."
)
RESIZE = (
    "shrinking: mean by area; enlarging: bilinear, pixel centres at half, edges repeated; rounded "
    "to whole numbers (docs/crop.md)"
)


def write_bundle(
    network: str | Path,
    out: str | Path,
    precision: str = "float32",
    images: np.ndarray | None = None,
) -> dict[str, Any]:
    """Write ``model.onnx``, ``model.json`` and ``card.md``; all of them or nothing.

    Args:
        network: name of a shipped network or path of a ``.keras`` file, see ``sources.resolve``.
        out: folder; made, or replaced where it holds nothing but an earlier bundle.
        precision: ``float32`` or ``int8``.
        images: ``(n, height, width)`` or with channels, 0-255, faces to compare on with Keras and
            to calibrate ``int8`` by; None draws some.

    Returns:
        dict, what ``model.json`` holds.

    Raises:
        FerError: no such network; it cannot be exported; in float32 it answers otherwise than
            Keras; ``out`` holds other files or cannot be written.

    Example:
        >>> told = write_bundle("small", "web/small", "int8")
        >>> told["bytes"], told["largest_difference"]
        (414218, 0.02)
    """
    out = paths.resolved(out)
    _check_place(out)
    source = resolve(network)
    keras_model = source.load()
    content, difference, count = checked(keras_model, precision, images)
    told = _told(source, keras_model, content, precision, difference, count)
    with runs.whole_folder(out) as part:
        (part / "model.onnx").write_bytes(content)
        runs.write_json(part / "model.json", told)
        runs.write_text(part / "card.md", _card(source, told))
    return told


def _told(source, keras_model, content, precision, difference, compared_on):
    _, height, width, channels = keras_model.input_shape
    classes = classes_of(source, keras_model.output_shape[-1])
    return {
        "version": VERSION,
        "fer_utils": __version__,
        "name": source.name,
        "network": source.network,
        "precision": precision,
        "classes": list(classes),
        "temperature": source.temperature,
        "input": {
            "name": INPUT,
            "size": height,
            "width": width,
            "layout": "NHWC",
            "channels": channels,
            "range": [0, 255],
            "dtype": "float32",
            "grey": GREY,
        },
        "output": {"name": OUTPUT, "tempering": "p ** (1 / temperature), divided by their sum"},
        "crop": {
            "margin": MARGIN, "confident": CONFIDENT, "square": SQUARE, "resize": RESIZE,
        },
        "sentences": sentences.templates(classes),
        "happy_and_sad": _happy_and_sad(classes),
        "scores": source.scores,
        "scores_of": "the network in float32",  # no other precision was scored
        "file": "model.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "largest_difference": difference,
        "compared_on": compared_on,
    }  # fmt: skip


def _happy_and_sad(classes):
    """Return which two probabilities tell happy from sad; None where the network lacks one."""
    places = sentences.happy_and_sad(classes)
    return places and dict(zip(labels.HAPPY_SAD, places, strict=True))


def _card(source, told):
    if source.shipped:
        begin = source.path.with_suffix(".md").read_text(encoding="utf-8").rstrip()
        begin += f"\n\n## This file\n\n{_ABOVE}"
    else:
        begin = (
            f"# {told['name']}\n\n`{told['network'] or 'a network'}`, trained in a run of its "
            f"own; it tells {', '.join(told['classes'])} apart. An expression is not a feeling: "
            "not for decisions about people.\n\n## This file"
        )
    return (
        f"{begin}\n\n`model.onnx`: {told['precision']}, {told['bytes']:,} bytes, "
        f"SHA-256 `{told['sha256']}`. Its probabilities differ from Keras's by at most "
        f"{told['largest_difference']:.2g} on {told['compared_on']:,} faces. `model.json` says "
        "what goes in and what comes out.\n"
    )


def _check_place(out):
    """Raise FerError where a folder holds what is no bundle, or is none."""
    try:
        others = sorted(set(os.listdir(out)) - set(FILES))
    except FileNotFoundError:
        return
    except OSError as error:
        raise runs.writing_error(out, error) from error
    if out == Path.cwd():
        raise FerError(f"{out} is the current folder, which cannot be replaced: give another")
    if others:
        raise FerError(f"{out} holds other files, such as {others[0]}: give a folder of its own")
