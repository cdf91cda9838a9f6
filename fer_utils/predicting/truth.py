"""What a photograph shows by its name, and how often the answer was that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fer_utils import labels
from fer_utils.errors import FerError

if TYPE_CHECKING:
    import pandas as pd

TRUTHS = ("none", "folder", "name")
_NO_FACE = "no face"


def truth_of(name: str, where: str, classes: Sequence[str]) -> str | None:
    """Return the class that a file's name or folder tells; None where it tells none, or two.

    Args:
        name: str, of the file, with those of the folders it lies in that count.
        where: ``folder``, the nearest folder called as a class; ``name``, a word of the file's
            name; ``none``.
        classes: tuple of class names.

    Example:
        >>> truth_of("me/happy/3.jpg", "folder", labels.FER2013)
        'happy'
        >>> truth_of("Anna_surprised-2.png", "name", labels.FER2013)
        'surprise'
    """
    if where not in TRUTHS:
        raise FerError(f"truth {where!r}: there are {', '.join(TRUTHS)}")
    if where == "none":
        return None
    if where == "folder":
        told = (_class(part, classes) for part in reversed(PurePath(name).parent.parts))
        return next(filter(None, told), None)
    words = re.findall(r"[^\W\d_]+", _in_words(PurePath(name).stem))
    known = {_class(word, classes) for word in words} - {None}
    return known.pop() if len(known) == 1 else None


def _in_words(stem):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem)  # myHappyFace is three words


def _class(word, classes):
    if not re.search(r"[^\W\d_]", word):
        return None  # a number alone is a photograph's, not a label
    (place,) = labels.mapping((word,), classes)
    return None if place < 0 else classes[place]


def answers(rows):
    """Return a dict from picture to ``(truth, answer)``: its largest face's, or none was found."""
    pictures = {}
    for row in rows:
        if row["truth"] and not row["error"]:
            pictures.setdefault((row["file"], row["seconds"]), []).append(row)
    return {key: (own[0]["truth"], _largest(own)) for key, own in pictures.items()}


def _largest(rows):
    with_face = [row for row in rows if row.get("face")]
    largest = max(with_face, key=lambda row: row["width"] * row["height"], default=None)
    return largest["label"] if largest else _NO_FACE


def by_truth(rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> pd.DataFrame | None:
    """Return the table of truths: how many pictures, how many right, and what was answered.

    A picture answers with its largest face; one without a face is wrong.

    Args:
        rows: list of dict, see ``table.rows_of``.
        classes: tuple of class names.

    Returns:
        DataFrame, a row a truth and ``all``: ``pictures``, ``right``, ``accuracy``, its standard
        ``error``, a column for each answer; None where no picture has a truth.
    """
    import pandas as pd

    pairs = list(answers(rows).values())
    if not pairs:
        return None
    pairs = pd.DataFrame(pairs, columns=["truth", "answer"])
    counts = pd.crosstab(pairs["truth"], pairs["answer"])
    order = [name for name in classes if name in counts.index]
    counts = counts.reindex(order).reindex(columns=[*classes, _NO_FACE], fill_value=0)
    right = pd.Series({name: counts.loc[name, name] for name in order})
    counts.loc["all"] = counts.sum()
    right["all"] = right.sum()
    pictures = counts.sum(axis=1)
    share = right / pictures
    told = {"pictures": pictures, "right": right, "accuracy": share.round(3)}
    told["error"] = (share * (1 - share) / pictures).pow(0.5).round(3)
    return pd.concat([pd.DataFrame(told), counts], axis=1).rename_axis("truth")
