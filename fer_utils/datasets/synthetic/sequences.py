"""Onset-to-peak sequences: one face's way from neutral into an expression."""

from __future__ import annotations

import dataclasses

import numpy as np

from fer_utils.datasets.synthetic.checks import check_count, check_seed, class_names, pair
from fer_utils.datasets.synthetic.draws import Draws
from fer_utils.datasets.synthetic.faces import PERSONS_A_SEED
from fer_utils.datasets.synthetic.labelling import expressions
from fer_utils.datasets.synthetic.rendering import Rows, render
from fer_utils.errors import FerError

_STREAM = 7


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Sequences:
    """Drawn sequences; element i is one.

    Args:
        frames: list of ``n`` uint8 ``(t, height, width)``, t of each its own.
        labels: int8 ``(n,)``, index in ``classes`` of what the last frame shows; no neutral.
        classes: tuple of class names.
        identity: int64 ``(n,)``, equal for sequences of one person.
        action_units: list of ``n`` float32 ``(t, 21)``, rising from 0.
    """

    frames: list[np.ndarray]
    labels: np.ndarray
    classes: tuple[str, ...]
    identity: np.ndarray
    action_units: list[np.ndarray]

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return f"<Sequences: {len(self)}; {', '.join(self.classes)}>"


def sequences(
    n: int,
    frames: int | tuple[int, int] = (6, 20),
    size: int | tuple[int, int] = 48,
    seed: int = 0,
    classes: int = 8,
    persons: int | None = None,
) -> Sequences:
    """Draw sequences from the neutral face to the peak of an expression, as CK+ has them.

    Person, lamp, background and camera stay, the head drifts by a few degrees, the expression
    rises to its peak in the last frame; each class comes equally often. Labels are right.
    Sequence i depends on the seed and on i, not on ``n`` (given ``persons``).

    Args:
        n: int, how many.
        frames: int, or the fewest and the most of a sequence, 2 or more.
        size: int or ``(height, width)``, 16 or more each.
        seed: int, 0 or more.
        classes: 7 for FER2013's classes, 8 for those of DATA622; neutral is not shown.
        persons: how many persons share the sequences; None for one in three.

    Returns:
        Sequences.

    Raises:
        FerError: an argument out of its range.

    Example:
        >>> film = sequences(2, frames=(8, 8))
        >>> film.frames[0].shape
        (8, 48, 48)
    """
    names, size = class_names(classes), pair(size)
    check_count("n", n)
    check_seed(seed)
    draws = Draws(seed, _STREAM, np.arange(n))
    lengths = _lengths(draws, frames)
    shown = [k for k, name in enumerate(names) if name != "neutral"]
    labels = np.array([shown[i % len(shown)] for i in range(n)], np.int8)
    identity = (seed * PERSONS_A_SEED + draws.uniform(0, persons or -(-n // 3))).astype(np.int64)
    facts = render(_rows(draws, lengths, labels, names, identity), size, seed)
    cuts = np.cumsum(lengths)[:-1]
    images, activity = (np.split(facts[name], cuts) for name in ("images", "action_units"))
    return Sequences(images, labels, names, identity, activity)


def _lengths(draws, frames):
    fewest, most = (frames, frames) if np.ndim(frames) == 0 else frames
    if not 2 <= fewest <= most:
        raise FerError(f"synthetic faces: frames is {frames}; write (fewest, most), 2 or more")
    return draws.uniform(fewest, most + 1).astype(int)


def _rows(draws, lengths, labels, names, identity):
    """Return the Rows of all frames, one sequence after the other."""
    which = np.repeat(np.arange(len(lengths)), lengths)
    frame = np.concatenate([np.arange(t) for t in lengths])
    along = frame / (lengths[which] - 1)
    drift = np.stack([draws.normal(3.5) for _ in range(3)], 1)
    peak = draws.uniform(0.65, 1.0)
    return Rows(
        keys=which,
        expressions=np.asarray(expressions(names))[labels[which]],
        identity=identity[which],
        frame=frame,
        intensity=peak[which],
        rise=along**2 * (3 - 2 * along),
        turn=drift[which] * along[:, None],
    )
