"""All pictures that paths mean, one after another, and the files that this gives."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_utils import locks, runs, sentences
from fer_utils.errors import FerError
from fer_utils.predicting import items, looking, results, shots, table, truth
from fer_utils.predicting.journal import NAME, Journal

if TYPE_CHECKING:
    from fer_utils.recognizer import Recognizer


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


def predict(
    paths: Sequence[str | Path],
    recognizer: Recognizer,
    options: Options | None = None,
    say: Callable[[list[dict[str, Any]]], object] | None = None,
) -> list[dict[str, Any]]:
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
        FerError: an option out of its range; ``out`` cannot be written, or another process does.
    """
    options = options or Options()
    _check(options, recognizer.classes)
    with _alone(options.out):
        return _predict(paths, recognizer, options, say)


def _alone(out):
    """Return a context that has the folder to itself, where there is one."""

    def busy():
        raise FerError(f"{out} is in use by another process: wait until it ends, or give another")

    return contextlib.nullcontext() if out is None else locks.alone(out, busy)


def _predict(paths, recognizer, options, say):
    found, problems = items.listed(paths, options.out)
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
            results.write(Path(options.out), rows, recognizer.classes)
        finished = True
    finally:
        journal.close(finished)
    return rows


def _check(options, classes):
    truth.truth_of("", options.truth, classes)
    if not 0.01 <= options.every <= 86400:
        raise FerError(f"every is {options.every!r}: give seconds from 0.01 on, say 1")
    if options.two and sentences.happy_and_sad(classes) is None:
        raise FerError(f"happy or sad: this network tells {', '.join(classes)} apart")
    if options.out is not None:
        if Path(options.out).is_file():
            raise FerError(f"{options.out} is a file: give a folder")
        runs.check_place(Path(options.out, NAME))


def _settings(recognizer, options):
    chosen = {key: value for key, value in vars(options).items() if key != "out"}
    names = ("sha256", "precision", "engine", "temperature", "side", "confident", "margin",
             "whole")  # fmt: skip
    return {**chosen, **{name: getattr(recognizer, name) for name in names}}


def _all(found, recognizer, options, journal, say):
    """Return the rows of all items."""
    known, rows = journal.known(found), []
    known = {key for key in known if results.has_copy(options.out, journal.of(key)[0])}
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
    none = sentences.NOTHING_TO_SEE if recognizer.whole else sentences.NO_FACE
    said = iter(looking.faces_of([s for s in batch if s.photo is not None], recognizer))
    for shot in batch:
        if shot.key in known:
            yield shot, journal.of(shot.key)
            continue
        faces, error = next(said) if shot.photo is not None else ([], shot.error)
        if options.out is not None and not error:
            error = looking.copied(shot, faces, options, none)
        rows = _rows(shot, faces, error, recognizer.classes, options, none)
        if not error:  # what failed may be mended before the next run
            journal.add(shot.key, shot.item, rows)
        yield shot, rows


def _rows(shot, faces, error, classes, options, none):
    scaled = [
        dataclasses.replace(face, box=tuple(value * shot.factor for value in face.box))
        for face in faces
    ]
    told = truth.truth_of(shot.item.where or shot.item.name, options.truth, classes)
    return table.rows_of(shot.item.name, scaled, shot.seconds, told, error, options.two, none)


def _progress():
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Lines that are printed meanwhile would tear it: where both go to a terminal it stays away.
    hidden = not sys.stderr.isatty() or sys.stdout.isatty()
    return Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True)
