"""What is said of a face: one table of templates, which the web page gets too.

The words are about what a face looks like; nobody knows from a photograph what somebody feels.
"""

import math
from collections.abc import Sequence
from typing import Any

from fer_utils import labels

NO_FACE = "no face found"
NOTHING_TO_SEE = "nothing to see: the picture has almost no contrast"  # of a whole face
_LOOKS = {
    "angry": "looks angry ({percent}%)",
    "contempt": "looks contemptuous ({percent}%)",
    "disgust": "looks disgusted ({percent}%)",
    "fear": "looks afraid ({percent}%)",
    "happy": "looks happy ({percent}%)",
    "neutral": "looks neutral ({percent}%)",
    "sad": "looks sad ({percent}%)",
    "surprise": "looks surprised ({percent}%)",
}
_OF_TWO = {
    "happy": "looks more happy than sad ({percent}%)",
    "sad": "looks more sad than happy ({percent}%)",
}


def templates(classes: Sequence[str] = labels.FER2013) -> dict[str, Any]:
    """Return the sentences for some classes: a dict of str with ``{percent}`` in them.

    Args:
        classes: tuple of class names, whichever of the usual spellings they have.

    Returns:
        dict: ``classes`` (class name to text), ``no_face`` (text) and ``happy_or_sad`` (``happy``
        and ``sad`` to text; empty where ``classes`` lacks one of them).
    """
    known = {name: _looks(name) for name in classes}
    both = happy_and_sad(classes) is not None
    return {"classes": known, "no_face": NO_FACE, "happy_or_sad": dict(_OF_TWO) if both else {}}


def _looks(name):
    (at,) = labels.mapping((name,), tuple(_LOOKS))
    return tuple(_LOOKS.values())[at] if at >= 0 else f"looks like {name} ({{percent}}%)"


def of_class(name: str, probability: float) -> str:
    """Return the sentence for one class and its probability 0-1.

    Example:
        >>> of_class("happiness", 0.868)
        'looks happy (87%)'
    """
    return _looks(name).format(percent=percent(probability))


def of_two(happy: float) -> str:
    """Return seed 001's sentence: more happy or more sad, by the share of happy among the two.

    Args:
        happy: 0-1, probability of happy divided by that of happy and sad; 0.5 counts as happy.
    """
    name, share = ("happy", happy) if happy >= 0.5 else ("sad", 1 - happy)
    return _OF_TWO[name].format(percent=percent(share))


def happy_and_sad(classes: Sequence[str]) -> tuple[int, int] | None:
    """Return the indices of happy and sad; None where a class is missing."""
    happy, sad = labels.mapping(labels.HAPPY_SAD, classes)
    return None if min(happy, sad) < 0 else (happy, sad)


def percent(probability: float) -> int:
    """Return a probability 0-1 in whole percent, half rounded up as JavaScript does."""
    return math.floor(100 * probability + 0.5)
