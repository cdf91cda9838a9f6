"""``python -m fer_utils export``: a network as ONNX, with what a page needs to know of it."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    network: Annotated[
        str,
        typer.Argument(help="A shipped network (small, v8, robust) or the path of a .keras file."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the three files.")],
    precision: Annotated[
        str, typer.Option(help="float32, or int8: a quarter of the size.")
    ] = "float32",
    faces: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="FER2013's files, to compare with Keras and calibrate int8 on; else drawn faces.",
        ),
    ] = None,
) -> None:
    """Write a network for pages and phones: model.onnx, model.json, card.md."""
    from fer_utils import export as exports
    from fer_utils import paths

    images = None if faces is None else _training_faces(paths.resolved(faces))
    told = exports.write_bundle(network, paths.resolved(out), precision, images)
    typer.echo(
        f"{out}: {told['name']} in {told['precision']}, {told['bytes']:,} bytes; probabilities "
        f"differ from Keras's by at most {told['largest_difference']:.2g} on "
        f"{told['compared_on']:,} faces"
    )


def _training_faces(path, count=512):
    """Return the first images of FER2013's Training: PublicTest is for reporting."""
    from fer_utils import datasets

    dataset = datasets.load("fer2013", path)
    return dataset.images[dataset.rows("train")[:count]]
