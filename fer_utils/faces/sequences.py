"""Faces in sequences: found once, cut at the same place from the first frame to the peak."""

import dataclasses

from fer_utils import faces
from fer_utils.datasets import policies
from fer_utils.errors import FerError


def cropped(sequences, root=None, size=48, side=faces.SIDE, **options):
    """Return the SequenceSet with the faces as frames, each sequence cut at one place.

    The face is looked for in the first frame. A crop of each frame's own would tremble, and the
    detector would run some twenty times as often.

    Args:
        sequences: the SequenceSet.
        root: folder that the frames' names are relative to, see ``faces.cropped``; None to take
            the frames as they are loaded.
        size: int, side of the frames in pixels.
        side: see ``faces.detect``.
        **options: of ``faces.cropped``: margin, align, rgb, confident; ``no_face`` is ``whole``
            (the middle of the frames, with a warning) or ``error``.

    Raises:
        FerError: ``no_face`` is ``drop``; see ``faces.cropped``.
    """
    if options.get("no_face") == policies.DROP:
        raise FerError("frames cannot be dropped out of a sequence: give no_face whole or error")
    first = sequences.frames.take([own[0] for own in sequences.rows])
    found: list[tuple] = [()] * len(sequences.frames)
    for own, located in zip(sequences.rows, faces.locate(first, root, side), strict=True):
        for row in own:
            found[row] = located
    frames = faces.cropped(sequences.frames, root, size, side=side, found=found, **options)
    return dataclasses.replace(sequences, frames=frames)
