"""``python -m fer_utils predict``: what the faces in photographs and videos look like."""

from pathlib import Path
from typing import Annotated

import typer


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Photographs, videos, folders, patterns ('*.jpg')."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write annotated copies, predictions.csv, predictions.json and a contact sheet.",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table alone, a row a face.")
    ] = None,
    network: Annotated[
        str, typer.Option(metavar="NAME", help="small, v8, robust, or the path of a .keras file.")
    ] = "small",
    engine: Annotated[str, typer.Option(help="onnx, or keras.")] = "onnx",
    every: Annotated[
        float, typer.Option(metavar="SECONDS", help="Of a video, a frame every so often.")
    ] = 1.0,
    truth: Annotated[
        str,
        typer.Option(help="Where names tell what is shown: none, folder (happy/1.jpg), name."),
    ] = "none",
    happy_or_sad: Annotated[
        bool, typer.Option("--happy-or-sad", help="Only whether it looks more happy or more sad.")
    ] = False,
    faces: Annotated[
        bool, typer.Option("--faces", help="Each image is one face already, cut out.")
    ] = False,
    side: Annotated[
        int, typer.Option(help="Pixels faces are looked for at; more finds smaller faces.")
    ] = 320,
    confident: Annotated[
        float, typer.Option(help="0-1: how sure the detector must be of a face.")
    ] = 0.9,
) -> None:
    """Find faces in photographs and videos and say what they look like.

    A file that cannot be read is named, and the rest goes on; the exit code is 2 only where
    nothing could be read. With --out an interrupted run continues with the same command; what an
    earlier one left there is replaced.
    """
    from fer_utils import paths as places
    from fer_utils import predicting, runs
    from fer_utils.recognizer import Recognizer

    out, csv = out and places.resolved(out), csv and places.resolved(csv)
    if csv is not None:
        runs.check_place(csv)
    options = predicting.Options(out, every, truth, happy_or_sad)
    recognizer = Recognizer(
        network, engine, side=side, confident=confident, whole=faces, say=_say_aside
    )
    try:
        rows = predicting.predict(paths, recognizer, options, _say)
    except KeyboardInterrupt:
        if out is not None:
            raise  # what is said then, that the same command continues, holds
        typer.echo("\nstopped; nothing was kept: with --out DIR a run can be continued", err=True)
        raise typer.Exit(130) from None
    if csv is not None:
        predicting.write_table(csv, rows, recognizer.classes)
    _sum_up(rows, recognizer.classes, out, truth)
    if all(row["error"] for row in rows):
        raise typer.Exit(2)


def _say_aside(line):
    typer.echo(line, err=True)


def _say(rows):
    for row in rows:
        at = "" if row["seconds"] is None else f" at {row['seconds']:.1f} s"
        if row["error"]:
            typer.echo(f"error: {row['error']}", err=True)
            continue
        which = f", face {row['face']}" if row.get("face") and len(rows) > 1 else ""
        typer.echo(f"{row['file']}{at}{which}: {row['sentence']}")


def _sum_up(rows, classes, out, truth):
    pictures = {(row["file"], row["seconds"]) for row in rows if not row["error"]}
    found = sum(bool(row.get("face")) for row in rows)
    empty = len(pictures) - len({(r["file"], r["seconds"]) for r in rows if r.get("face")})
    failed = sum(bool(row["error"]) for row in rows)
    if truth != "none":
        _compare(rows, classes, truth)
    typer.echo(
        f"\n{_count(len(pictures), 'picture')}, {_count(found, 'face')}; {empty:,} without a "
        f"face, {failed:,} could not be read. An expression is not a feeling."
    )
    if out is not None:
        typer.echo(f"results in {out}")


def _count(n, what):
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _compare(rows, classes, truth):
    """Print how often truth and answer agree, with intervals: few pictures prove little."""
    from fer_utils import predicting

    told = predicting.by_truth(rows, classes)
    if told is None:
        where = {"folder": "folder", "name": "file's name"}[truth]
        typer.echo(f"\nno {where} tells an emotion ({', '.join(classes)}): nothing to compare")
    else:
        typer.echo(f"\n{predicting.with_intervals(told).to_string()}")
