"""Emotion vocabularies: the class names of each competition, and the spellings they go by."""

import re
from collections.abc import Sequence

from fer_utils.errors import FerError

# The order is the label: FER2013's own coding (Goodfellow et al. 2013, "Challenges in
# Representation Learning", https://arxiv.org/abs/1307.0414).
FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

# Seed 000's coding of the eight emotions of the DATA622 competition.
DATA622 = ("anger", "disgust", "neutral", "happiness", "surprise", "fear", "sadness", "contempt")

# CK+'s seven, in the order of its codes 1 to 7 (Lucey et al. 2010, "The Extended Cohn-Kanade
# Dataset", https://doi.org/10.1109/CVPRW.2010.5543262); its code 0 is neutral.
CKPLUS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")

HAPPY_SAD = ("happy", "sad")  # seed 001's two
THREE_EMOTIONS = ("happy", "angry", "sad")  # seed 004's joy, anger and sadness

# Every spelling seen in public copies of the data, each under FER2013's name (contempt is
# not among FER2013's classes).
_SPELLINGS = {
    "angry": ("anger", "angry"),
    "contempt": ("contempt", "contemptuous"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "happy": ("happy", "happiness", "joy", "joyful"),
    "neutral": ("neutral", "neutrality"),
    "sad": ("sad", "sadness"),
    "surprise": ("surprise", "surprised"),
}
_CANONICAL = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}


def class_index(name: str, classes: Sequence[str] = FER2013) -> int:
    """Return the label of a class name, whichever of the usual spellings it has.

    Args:
        name: for example ``"Happiness"``, ``"3_happy"`` or ``"3"`` (FER2013's own number).
        classes: tuple of names, index = label.

    Returns:
        int, the index in ``classes``.

    Raises:
        FerError: no class of that name; the message lists the ones there are.

    Example:
        >>> class_index("Anger"), class_index("SADNESS", DATA622)
        (0, 6)
    """
    word = name.strip().lower()
    if re.fullmatch("[0-9]{1,3}", word) and int(word) < len(classes):
        return int(word)
    word = word.strip("0123456789 _-.")
    canonical = [_CANONICAL.get(known, known) for known in classes]
    if _CANONICAL.get(word, word) in canonical:
        return canonical.index(_CANONICAL.get(word, word))
    raise FerError(f"unknown class name {name[:40]!r}: expected one of {', '.join(classes)}")


def mapping(source: Sequence[str], classes: Sequence[str]) -> list[int]:
    """Return where the classes of one vocabulary are in another.

    Args:
        source: tuple of class names.
        classes: tuple of class names, possibly spelt differently.

    Returns:
        list of int, one for each of ``source``: the index in ``classes``, -1 where it has none.

    Example:
        >>> mapping(("anger", "contempt", "happy"), FER2013)
        [0, -1, 3]
    """
    return [_index_or_none(name, classes) for name in source]


def _index_or_none(name, classes):
    try:
        return class_index(name, classes)
    except FerError:
        return -1
