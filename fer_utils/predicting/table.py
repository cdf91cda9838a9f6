"""The table of what was found: a row a face, and one for each picture without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fer_utils import sentences
from fer_utils.predicting.names import printable

if TYPE_CHECKING:
    import pandas as pd

    from fer_utils.recognizer import Expression

FIRST = ("file", "seconds", "face", "x", "y", "width", "height", "confidence", "label",
         "probability")  # fmt: skip
LAST = ("happy_or_sad", "sentence", "truth", "error")


def rows_of(
    name: str,
    found: Sequence[Expression],
    seconds: float | None = None,
    truth: str | None = None,
    error: str | None = None,
    two: bool = False,
    none: str = sentences.NO_FACE,
) -> list[dict[str, Any]]:
    """Return the rows of one picture, dicts of plain values.

    Args:
        name: str, of the file.
        found: list of Expression.
        seconds: float, where in a video; None for a photograph.
        truth: str, the class that it shows by its name; None where nobody tells.
        error: str, why it could not be looked at.
        two: take the sentence of seed 001, more happy or more sad.
        none: str, the sentence where nothing was found.
    """
    error = error and printable(error)  # it names the file
    told = {"file": printable(name), "seconds": seconds, "truth": truth, "error": error}
    if error or not found:
        return [{**told, "sentence": None if error else none}]
    return [{**told, **_face(i, face, two)} for i, face in enumerate(found, 1)]


def _face(number, face, two):
    both = sentences.happy_and_sad(face.classes) is not None
    sides = zip(("x", "y", "width", "height"), face.box, strict=True)
    return {
        "face": number,
        **{side: round(value, 2) for side, value in sides},
        "confidence": round(face.confidence, 4),
        "label": face.label,
        "probability": round(face.probability, 6),
        **{c: round(p, 6) for c, p in zip(face.classes, face.probabilities, strict=True)},
        "happy_or_sad": round(face.happy, 6) if both else None,
        "sentence": face.happy_or_sad if two else face.sentence,
    }


def columns(classes):
    """Return the names of the columns; ``happy_or_sad`` is happy's share among the two."""
    return [*FIRST, *classes, *LAST]


def frame(rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> pd.DataFrame:
    """Return rows as a DataFrame, the columns in order whatever the rows hold."""
    import pandas as pd

    made = pd.DataFrame(rows, columns=columns(classes))
    made["face"] = made["face"].astype("Int64")
    return made
