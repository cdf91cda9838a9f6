"""The SequenceSet: which frames of a Dataset make up which sequence."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import warnings

import numpy as np

from fer_utils.datasets import splits
from fer_utils.datasets.base import Dataset
from fer_utils.errors import FerError


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SequenceSet:
    """Sequences of frames; element i is one.

    Args:
        frames: Dataset of all frames; those of a sequence share label, group and split.
        rows: list of int64 arrays, the rows of each sequence from its first frame to its peak.

    Raises:
        FerError: no sequences, one without frames, or one whose frames differ in label, group
            or split; the message names it.
    """

    frames: Dataset
    rows: list[np.ndarray]

    def __post_init__(self) -> None:
        if not self.rows:
            raise FerError("there are no sequences: give one at least")
        for i, own in enumerate(self.rows):
            if not len(own):
                raise FerError(f"sequence {i} has no frames: leave it out")
            for field in ("labels", "groups", "split"):
                values = getattr(self.frames, field)[own]
                if (values != values[0]).any():
                    raise FerError(f"the {field} of sequence {i}'s frames differ: give it one")

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        low, high = self.lengths.min(), self.lengths.max()
        return f"<SequenceSet: {len(self)} sequences of {low} to {high} frames of {self.frames!r}>"

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each sequence, int64 ``(n,)``."""
        return np.array([len(own) for own in self.rows])

    @functools.cached_property
    def peaks(self) -> Dataset:
        """The last frame of each sequence: a Dataset whose row i stands for sequence i."""
        return self.frames.take(np.array([own[-1] for own in self.rows]))

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change when a frame, a label, a split or the order of frames does."""
        digest = hashlib.blake2b(self.frames.fingerprint.encode(), digest_size=8)
        for own in self.rows:
            digest.update(np.array([len(own), *own], np.int64).data)
        return digest.hexdigest()

    def take(self, numbers: np.ndarray) -> SequenceSet:
        """Return the SequenceSet of these sequences (integers or booleans), in their order."""
        kept = [self.rows[i] for i in np.arange(len(self))[numbers]]
        return dataclasses.replace(self, rows=kept)

    def late(self, share: float = 0.25) -> Dataset:
        """Return the Dataset of the last ``int(share * n)`` frames of each, one at least.

        Seed 002 fitted and scored these, a quarter, as independent photographs.
        """
        return self.frames.take(np.concatenate([own[-n:] for own, n in self._parts(share)]))

    def late_counts(self, share: float = 0.25) -> np.ndarray:
        """Return how many frames of each sequence ``late`` has, int64 ``(n,)``."""
        return np.array([n for _, n in self._parts(share)])

    def begun(self, share: float) -> SequenceSet:
        """Return the SequenceSet of the first ``int(share * n)`` frames of each, one at least."""
        return dataclasses.replace(self, rows=[own[:n] for own, n in self._parts(share)])

    def thinned(self, most: int) -> SequenceSet:
        """Return the SequenceSet with at most so many frames each, evenly spaced, peak included.

        Neighbouring frames are nearly equal, and each costs a run of the frame network.
        """
        if most < 1:
            raise FerError(f"sequences cannot have {most} frames at most: give 1 or more")
        back = [np.linspace(0, len(own) - 1, min(most, len(own))) for own in self.rows]
        kept = [-1 - np.rint(b).astype(int)[::-1] for b in back]
        rows = [own[k] for own, k in zip(self.rows, kept, strict=True)]
        return dataclasses.replace(self, rows=rows)

    def padded(
        self, numbers: np.ndarray | None = None, time: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return sequences as one array, the short ones filled up with their peak frame.

        (Not with zeros: batch normalisation takes its statistics from all frames it is shown.)

        Args:
            numbers: int ``(m,)``, which sequences; None for all.
            time: int, frames to fill up to; None for the longest of these.

        Returns:
            ``(frames, mask)``: uint8 ``(m, time, height, width)``, RGB with channels last, and
            bool ``(m, time)``, True for a sequence's own frames.

        Raises:
            FerError: a sequence is longer than ``time``.
        """
        index, mask = self.padded_rows(numbers, time)
        return self.frames.images[index], mask

    def padded_rows(
        self, numbers: np.ndarray | None = None, time: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that ``padded`` takes, int64 ``(m, time)``, and the mask."""
        own = self.rows if numbers is None else [self.rows[i] for i in numbers]
        lengths = np.array([len(rows) for rows in own])
        time = lengths.max() if time is None else time
        if lengths.max() > time:
            raise FerError(f"{lengths.max()} frames do not fit into {time}: see thinned")
        place = np.minimum(np.arange(time), lengths[:, None] - 1)
        index = np.stack([rows[p] for rows, p in zip(own, place, strict=True)])
        return index, np.arange(time) < lengths[:, None]

    def held_out(self, numbers: np.ndarray) -> SequenceSet:
        """Return the SequenceSet with these sequences as ``valid`` and all others as ``train``."""
        split = np.full(len(self.frames), "train")
        for i in numbers:
            split[self.rows[i]] = "valid"
        return dataclasses.replace(self, frames=dataclasses.replace(self.frames, split=split))

    def folds(self, k: int = 5, seed: int = 0, by_person: bool = True) -> list[SequenceSet]:
        """Return ``k`` SequenceSets, each with another k-th of the sequences as ``valid``.

        Args:
            k: int, 2 or more.
            seed: int.
            by_person: whether a person's sequences stay together. False is seed 002's mistake:
                the networks are then judged on people they know.

        Raises:
            FerError: fewer persons than folds.

        A class that one person alone shows cannot be learned where this person is held out; a
        warning names it.
        """
        peaks = self.peaks
        if by_person:
            self._warn_of_lone_persons()
        else:
            peaks = dataclasses.replace(peaks, groups=np.arange(len(self)))
        parts = splits.folds(peaks, np.arange(len(self)), k, seed)
        return [self.held_out(out) for _, out in parts]

    def _parts(self, share):
        """Yield (rows, how many frames are this share) of each sequence."""
        if not 0 <= share <= 1:
            raise FerError(f"a share of {share} of the frames: give one between 0 and 1")
        for own in self.rows:
            yield own, max(int(share * len(own)), 1)

    def _warn_of_lone_persons(self):
        peaks = self.peaks
        by_class = [np.unique(peaks.groups[peaks.labels == k]) for k in range(len(self.classes))]
        lone = [name for name, who in zip(self.classes, by_class, strict=True) if len(who) == 1]
        if lone:
            text = f"one person alone shows {', '.join(lone)}: not learned where held out"
            warnings.warn(text, stacklevel=3)

    @property
    def classes(self) -> tuple[str, ...]:
        """Tuple of class names, index = label."""
        return self.frames.classes
