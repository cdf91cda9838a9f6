"""CK+, the extended Cohn-Kanade sequences: from neutral to the peak of an expression.

593 sequences of 123 persons, 327 of them labelled (Lucey et al. 2010,
https://doi.org/10.1109/CVPRW.2010.5543262). The licence forbids handing it on: put the
official tree where ``root`` says, ``cohn-kanade-images/S005/001/*.png`` beside
``Emotion/S005/001/*_emotion.txt``; ``synthetic.write_ckplus`` draws such a tree.

A file ``tags.csv`` (``sequence,emotion``, for example ``S005_001,anger``) in the root adds or
overrides labels. Seed 002's authors tagged the 266 unlabelled sequences so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from fer_utils import paths
from fer_utils.datasets import listings, policies
from fer_utils.datasets.ckplus.tree import IMAGES, LABELS, NEUTRAL, TAGS, Tree
from fer_utils.datasets.splits import hold_out
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset

EXPECTED = "expected cohn-kanade-images/S005/001/*.png and Emotion/S005/001/*_emotion.txt"


def load(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    rgb: bool = False,
    peak: float = 0.25,
    neutral: int = 1,
    contempt: bool = True,
    valid: float = 0.0,
    seed: int = 0,
    unmatched: str = policies.DROP,
    unreadable: str = policies.ERROR,
    fit: str = "stretch",
) -> Dataset:
    """Return single frames: those at the end show the expression, the first are neutral.

    Sequences without a label are left out. All rows are ``train``; a group is a person.

    Args:
        root: folder of the official tree, or its parent; None to look in the usual places.
        size: int or ``(height, width)``; needed where frames differ (official: 490x640).
        rgb: three channels instead of grey; a few of CK+'s sequences are in colour.
        peak: share of a sequence's frames, from its end, that carry its label, 0-1; one at
            least. Seed 002 took 0.25.
        neutral: int, how many frames from the start are neutral; 0 for none, as seed 002.
        contempt: whether to keep contempt; FER2013 has no such class.
        valid: share of the frames to make ``valid``, whole persons; see ``splits.hold_out``.
        seed: int, of that choice.
        unmatched: labels and tags of sequences that are not there: ``drop`` them with a
            warning that counts them, or ``error``.
        unreadable: images that cannot be read: ``error`` or ``drop``.
        fit: ``stretch``, ``crop`` or ``pad``, see ``photographs.fitted``.

    Returns:
        Dataset; images uint8 ``(n, height, width)``, with ``rgb`` ``(n, height, width, 3)``;
        classes are ``labels.CKPLUS`` (less contempt), and ``neutral`` last.

    Raises:
        FerError: there is no such data, or it is damaged; the message names the file.

    Example:
        >>> frames = load("data/ckplus", size=(54, 72), neutral=0)
        >>> frames.classes[0]
        'anger'
    """
    if not (0 < peak <= 1 and neutral >= 0):
        raise FerError(f"peak is {peak} and neutral {neutral}: write a share, and 0 or more")
    found = Tree(_located(root), unmatched)
    names = _classes(contempt, neutral > 0)
    rows = [row for s in found.labelled(names) for row in _frames(s, peak, neutral)]
    dataset = listings.to_dataset(found.listing(rows, names), size, rgb, fit, unreadable)
    return hold_out(dataset, valid, seed) if valid else dataset


def load_sequences(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = None,
    rgb: bool = False,
    contempt: bool = True,
    unmatched: str = policies.DROP,
    fit: str = "stretch",
) -> tuple[Dataset, list[np.ndarray]]:
    """Return whole sequences, for a network that reads them in order.

    Args:
        root: folder of the official tree, or its parent; None to look in the usual places.
        size: int or ``(height, width)``.
        rgb: three channels instead of grey.
        contempt: whether to keep contempt.
        unmatched: labels of sequences that are not there: ``drop`` or ``error``.
        fit: ``stretch``, ``crop`` or ``pad``.

    Returns:
        ``(dataset, sequences)``: a Dataset of all frames of the labelled sequences, each under
        the label of its sequence (also the neutral first ones), and a list of int64 arrays,
        the rows of each sequence from its first frame to its peak.

    Raises:
        FerError: see ``load``; an unreadable frame is always refused.

    Example:
        >>> dataset, sequences = load_sequences("data/ckplus", size=48)
        >>> dataset.classes[dataset.labels[sequences[0][-1]]]
        'surprise'
    """
    found = Tree(_located(root), unmatched)
    names = _classes(contempt, neutral=False)
    kept = found.labelled(names)
    rows = [(s, path, s.emotion) for s in kept for path in s.frames]
    dataset = listings.to_dataset(found.listing(rows, names), size, rgb, fit)
    ends = np.cumsum([len(s.frames) for s in kept])
    return dataset, np.split(np.arange(len(dataset)), ends[:-1])


def find(root: str | Path | None = None) -> Path | None:
    """Return the Path of the folder that holds ``cohn-kanade-images/`` and ``Emotion/``.

    Args:
        root: that folder or its parent; None to look in the usual places.

    Returns:
        Path; None where no ``root`` is given and nothing is found.

    Raises:
        FerError: ``root`` holds no CK+.
    """
    places = paths.data_candidates() if root is None else [Path(root).expanduser().resolve()]
    for place in places:
        below = sorted(p for p in place.iterdir() if p.is_dir()) if place.is_dir() else []
        for folder in (place, *below):
            if (folder / IMAGES).is_dir() and _labels_under(folder):
                return folder
    if root is not None:
        raise FerError(f"{root} holds no CK+: {EXPECTED}")
    return None


def private_labels(root: str | Path | None = None, **options: Any) -> NoReturn:
    """Raise FerError: CK+ has no test rows."""
    raise FerError("CK+ has no withheld labels: hold out persons with valid or folds")


def _located(root):
    folder = find(root)
    if folder is None:
        raise FerError(f"no CK+ found in the usual places: give root; {EXPECTED}")
    return folder


def _labels_under(folder):
    return (folder / LABELS).is_dir() or (folder / TAGS).is_file()


def _classes(contempt, neutral):
    kept = tuple(name for name in CKPLUS if contempt or name != "contempt")
    return (*kept, NEUTRAL) if neutral else kept


def _frames(sequence, peak, neutral):
    """Return (sequence, Path, emotion) of the frames that ``load`` takes of a sequence."""
    frames = sequence.frames
    late = max(int(peak * len(frames)), 1)
    early = min(neutral, len(frames) - late)
    first = [(sequence, path, NEUTRAL) for path in frames[:early]]
    return first + [(sequence, path, sequence.emotion) for path in frames[-late:]]
