"""The folders of CK+: which sequences there are, and what they show."""

import dataclasses
import re

from fer_utils.datasets import label_tables, listings, photographs, policies
from fer_utils.datasets.base import UNKNOWN
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS

IMAGES, LABELS, TAGS = "cohn-kanade-images", "Emotion", "tags.csv"
NEUTRAL = "neutral"
CODES = (NEUTRAL, *CKPLUS)  # by the number in an emotion file


@dataclasses.dataclass(frozen=True)
class Sequence:
    """One sequence.

    Args:
        subject: the person, such as ``S005``.
        frames: list of Path, in order.
        emotion: a name of ``CODES``; empty where it has no label.
    """

    subject: str
    frames: list
    emotion: str


class Tree:
    """What the folders hold: every sequence with its frames and its emotion, if known.

    Args:
        root: Path of the folder with ``cohn-kanade-images/``.
        unmatched: policy for labels of sequences that have no frames.

    Raises:
        FerError: an emotion file or ``tags.csv`` is damaged; the policy is ``error``.
    """

    def __init__(self, root, unmatched):
        self.root = root
        self.files = []
        images = {f"{path.parent.name}_{path.name}": path for path in _sequence_folders(root)}
        frames = {key: photographs.images_in(path) for key, path in images.items()}
        self.frames = {key: found for key, found in frames.items() if found}
        emotions = {**self._official(), **self._tags()}
        policies.settle(
            "unmatched",
            unmatched,
            sorted(set(emotions) - set(self.frames)),
            f"{root}: {{n}} labelled sequences have no frames, such as {{example}}",
        )
        self.sequences = [
            Sequence(key.split("_")[0], found, emotions.get(key, ""))
            for key, found in self.frames.items()
        ]

    def labelled(self, names):
        """Return the list of Sequences whose emotion is among these."""
        kept = [sequence for sequence in self.sequences if sequence.emotion in names]
        if not kept:
            raise FerError(f"{self.root}: no sequence has a label of {', '.join(names)}")
        return kept

    def listing(self, rows, names):
        """Return the Listing of a list of (sequence, Path, emotion)."""
        used = len({id(sequence) for sequence, _, _ in rows})
        return listings.Listing(
            root=self.root,
            names=[path.relative_to(self.root).as_posix() for _, path, _ in rows],
            labels=[names.index(emotion) for _, _, emotion in rows],
            split=["train"] * len(rows),
            persons=[sequence.subject for sequence, _, _ in rows],
            classes=names,
            name="ckplus",
            source=f"{self.root} ({used} of {len(self.sequences)} sequences)",
            files=self.files + [path for found in self.frames.values() for path in found],
        )

    def _official(self):
        """Return a dict from sequence to emotion, from the emotion files."""
        found = sorted((self.root / LABELS).glob("S*/*/S*_emotion.txt"))
        self.files += found
        return {f"{p.parts[-3]}_{p.parts[-2]}": _emotion_of(p) for p in found}

    def _tags(self):
        """Return a dict from sequence to emotion, from ``tags.csv`` where there is one."""
        path = self.root / TAGS
        if not path.is_file():
            return {}
        self.files.append(path)
        table = label_tables.read(path, CODES)
        if table.contradicting:
            raise FerError(f"{path}: {table.contradicting[0]} has two emotions: keep one")
        return {
            re.sub(r"[/\\]", "_", key): "" if label == UNKNOWN else CODES[label]
            for key, label in table.labels.items()
        }


def _sequence_folders(root):
    return sorted(path for path in (root / IMAGES).glob("S*/*") if path.is_dir())


def _emotion_of(path):
    """Return the emotion that an emotion file names by its number."""
    try:
        number = float(path.read_text(encoding="utf-8"))
        if number in range(len(CODES)):
            return CODES[int(number)]
    except (OSError, ValueError):
        pass
    raise FerError(f"{path} holds no emotion: write a number from 0 (neutral) to 7, or remove it")
