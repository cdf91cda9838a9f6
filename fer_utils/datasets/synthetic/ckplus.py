"""Drawn sequences as CK+'s folders and files, since CK+ itself is under licence."""

from pathlib import Path

import numpy as np

from fer_utils import runs
from fer_utils.datasets.images import encoded
from fer_utils.datasets.synthetic.checks import check_count, check_share
from fer_utils.datasets.synthetic.draws import Draws
from fer_utils.datasets.synthetic.sequences import sequences
from fer_utils.errors import FerError
from fer_utils.labels import CKPLUS, class_index

_STREAM = 9
_FIRST = 5  # CK+'s first person is S005


def write_ckplus(
    out: str | Path,
    persons: int = 6,
    seed: int = 0,
    each: int = 5,
    frames: int | tuple[int, int] = (6, 20),
    size: int | tuple[int, int] = (98, 128),
    labelled: float = 0.55,
) -> Path:
    """Write synthetic sequences as the official tree of CK+.

    ``cohn-kanade-images/S005/001/S005_001_00000001.png`` and so on, and for the labelled ones
    ``Emotion/S005/001/S005_001_00000011_emotion.txt``, named after the last frame.

    Args:
        out: folder to make; it must not exist, or be empty.
        persons: int, how many persons at most.
        seed: int, 0 or more.
        each: int, sequences a person has on average; CK+ has 593 of 123.
        frames: int, or the fewest and the most of a sequence; CK+ has 4 to 71.
        size: ``(height, width)``; CK+ has (490, 640).
        labelled: share of sequences that have a label; CK+ has 327 of 593.

    Returns:
        Path of the folder, which appears whole or not at all.

    Raises:
        FerError: an argument out of its range, or the folder cannot be written.

    Example:
        >>> write_ckplus("data/ckplus", persons=12)
    """
    check_count("persons", persons)
    check_count("each", each)
    check_share("labelled", labelled)
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FerError(f"{out} exists already: give another folder, or remove it")
    film = sequences(persons * each, frames, size, seed, persons=persons)
    order = Draws(seed, _STREAM, np.arange(len(film))).uniform().argsort()
    has_label = order.argsort() < round(labelled * len(film))
    with runs.whole_folder(out) as part:
        _write(part, film, has_label)
    return out


def _write(root, film, has_label):
    for name, i in _names(film.identity):
        _write_frames(root / "cohn-kanade-images" / name, film.frames[i])
        folder = root / "Emotion" / name
        folder.mkdir(parents=True)  # CK+ has empty ones for the unlabelled
        if has_label[i]:
            code = 1 + class_index(film.classes[film.labels[i]], CKPLUS)
            peak = f"{_stem(folder)}_{len(film.frames[i]):08d}_emotion.txt"
            (folder / peak).write_text(f"   {code:.7e}\n", encoding="utf-8")


def _names(identity):
    """Yield (such as ``S005/001``, number of the sequence) of each sequence."""
    for person, who in enumerate(np.unique(identity)):
        for nth, i in enumerate(np.flatnonzero(identity == who)):
            yield f"S{_FIRST + person:03d}/{nth + 1:03d}", i


def _write_frames(folder, frames):
    from PIL import Image

    folder.mkdir(parents=True)
    for t, frame in enumerate(frames):
        path = folder / f"{_stem(folder)}_{t + 1:08d}.png"
        path.write_bytes(encoded(Image.fromarray(frame), "PNG"))


def _stem(folder):
    return f"{folder.parent.name}_{folder.name}"
