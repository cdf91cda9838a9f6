"""All pictures that paths mean, one after another, and the files that this gives."""

import dataclasses
import re
import sys
from pathlib import Path

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.predicting import items, shots, table, truth
from fer_utils.predicting.drawing import annotated
from fer_utils.predicting.journal import NAME, Journal
from fer_utils.predicting.sheet import contact_sheets

ANNOTATED = "annotated"


@dataclasses.dataclass(frozen=True)
class Options:
    """What is done beside finding faces.

    Args:
        out: Path of the folder for copies, tables and the sheet; None for none of them.
        every: float, seconds of a video between the frames that are looked at.
        truth: where the truth is told, see ``truth.TRUTHS``.
        two: sentences of seed 001: more happy or more sad.
    """

    out: Path | None = None
    every: float = 1.0
    truth: str = "none"
    two: bool = False


def predict(paths, recognizer, options=None, say=None):
    """Look for faces in all that paths mean.

    With ``out`` an interrupted call is continued by the next one. What cannot be read becomes a
    row that says why, and the rest goes on.

    Args:
        paths: list of files, folders, patterns; photographs and videos.
        recognizer: Recognizer.
        options: Options.
        say: function that is called with each picture's new rows.

    Returns:
        list of dict, see ``table.rows_of``.

    Raises:
        FerError: an option out of its range; ``out`` cannot be written.
    """
    options = options or Options()
    _check(options, recognizer.classes)
    found, problems = items.listed(paths, options.out and Path(options.out).absolute())
    say = say or (lambda rows: None)
    rows = []
    for path, problem in problems:
        rows += table.rows_of(path, [], error=problem)
        say(rows[-1:])
    journal = Journal(options.out, _settings(recognizer, options))
    finished = False
    try:
        rows += _all(found, recognizer, options, journal, say)
        if options.out is not None:
            _write(options.out, rows, recognizer.classes)
        finished = True
    finally:
        journal.close(finished)
    return rows


def _check(options, classes):
    truth.truth_of("", options.truth, classes)
    if not 0.01 <= options.every <= 86400:
        raise FerError(f"every is {options.every!r}: give seconds from 0.01 on, say 1")
    if options.two and not {"happy", "sad"} <= set(_canonical(classes)):
        raise FerError(f"happy or sad: this network tells {', '.join(classes)} apart")
    if options.out is not None:
        with runs.whole_file(Path(options.out, NAME + ".test")) as part:
            part.write_text("")  # said now, not after an hour
        Path(options.out, NAME + ".test").unlink()


def _canonical(classes):
    from fer_utils import sentences

    return ("happy", "sad") if sentences.happy_and_sad(classes) else ()


def _settings(recognizer, options):
    chosen = {key: value for key, value in vars(options).items() if key != "out"}
    names = ("sha256", "precision", "engine", "temperature", "side", "confident", "margin",
             "whole")  # fmt: skip
    return {**chosen, **{name: getattr(recognizer, name) for name in names}}


def _all(found, recognizer, options, journal, say):
    """Return the rows of all items."""
    known, rows = journal.known(found), []
    place = {item: i for i, item in enumerate(found, 1)}
    with _progress() as bar:
        task = bar.add_task("photographs", total=len(found))
        stream = shots.shots(found, options.every, known)
        for batch in shots.batches(stream):
            for shot, own in _looked_at(batch, recognizer, options, journal, known):
                rows += own
                say(own)
                bar.update(task, completed=place[shot.item])
    return rows


def _looked_at(batch, recognizer, options, journal, known):
    """Yield ``(shot, rows)`` of a batch, all its photographs classified at once."""
    new = [shot for shot in batch if shot.photo is not None]
    said = iter(recognizer.predict([shot.photo for shot in new]))
    for shot in batch:
        if shot.key in known:
            yield shot, journal.of(shot.key)
            continue
        faces = next(said) if shot.photo is not None else []
        rows = _rows(shot, faces, recognizer.classes, options)
        if options.out is not None and shot.photo is not None:
            _annotate(shot, faces, options)
        journal.add(shot.key, shot.item, rows)
        yield shot, rows


def _rows(shot, faces, classes, options):
    scaled = [
        dataclasses.replace(face, box=tuple(value * shot.factor for value in face.box))
        for face in faces
    ]
    where = shot.item.name if Path(shot.item.name).parent.name else str(shot.item.path.absolute())
    told = truth.truth_of(where, options.truth, classes)
    seconds = None if shot.seconds is None else round(shot.seconds, 3)
    return table.rows_of(shot.item.name, scaled, seconds, told, shot.error, options.two)


def _annotate(shot, faces, options):
    path = Path(options.out, annotated_name(shot.item.name, shot.seconds))
    with runs.whole_file(path) as part:
        annotated(shot.photo, faces, options.two).save(part, quality=88)


def annotated_name(name, seconds=None):
    """Return the path under ``out`` of a picture's annotated copy."""
    frame = "" if seconds is None else f"_{seconds:08.2f}s"
    # Of names that lead elsewhere (/a/b.jpg, ../b.jpg, C:\b.jpg) the copy stays under ``out``.
    inside = re.sub(r"(^|/)(\.\.?(/|$))+", r"\1", re.sub(r"^[A-Za-z]:|\\", "/", name)).strip("/")
    same = not frame and inside.lower().endswith((".jpg", ".jpeg"))
    return f"{ANNOTATED}/{inside}{frame}{'' if same else '.jpg'}"


def _write(out, rows, classes):
    """Write the tables and the contact sheets."""
    made = table.frame(rows, classes)
    with runs.whole_file(out / "predictions.csv") as part:
        made.to_csv(part, index=False)
    runs.write_json(out / "predictions.json", rows)
    told = truth.by_truth(rows, classes)
    if told is not None:
        with runs.whole_file(out / "truth.csv") as part:
            told.to_csv(part)
    pictures = dict.fromkeys((r["file"], r["seconds"]) for r in rows if not r["error"])
    copies = [(_caption(*one), out / annotated_name(*one)) for one in pictures]
    for i, sheet in enumerate(contact_sheets(p for p in copies if p[1].is_file()), 1):
        name = "contact_sheet.jpg" if i == 1 else f"contact_sheet_{i}.jpg"
        with runs.whole_file(out / name) as part:
            sheet.save(part, quality=88)


def _caption(file, seconds):
    return file if seconds is None else f"{file} at {seconds:.1f} s"


def _progress():
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Lines that are printed meanwhile would tear it: where both go to a terminal it stays away.
    hidden = not sys.stderr.isatty() or sys.stdout.isatty()
    return Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True)
