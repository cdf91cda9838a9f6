"""Faces and copies of pictures, where a failure costs one picture and not the run."""

import errno
from pathlib import Path

from fer_utils import reading
from fer_utils.errors import FerError
from fer_utils.predicting import results

_ENDS_ALL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # no other copy could be written either


def faces_of(shots, recognizer):
    """Return for each Shot its faces and, as a str, why they could not be looked for.

    Where a batch fails each of its pictures is tried alone.

    Args:
        shots: list of Shot, all with a photo.
        recognizer: Recognizer.
    """
    try:
        return [(faces, None) for faces in recognizer.predict([shot.photo for shot in shots])]
    except Exception:  # too little memory, most often; what libraries raise is without end
        return [_alone(shot, recognizer) for shot in shots]


def _alone(shot, recognizer):
    try:
        (faces,) = recognizer.predict([shot.photo])
    except Exception as error:
        return [], _words(shot, error)
    return faces, None


def copied(shot, faces, options, none):
    """Write a picture's annotated copy; return why that failed, None where it did not.

    Raises:
        FerError: the disk is full, or cannot be written at all.
    """
    try:
        results.write_copy(Path(options.out), shot, faces, options.two, none)
    except Exception as error:
        if getattr(error.__cause__, "errno", None) in _ENDS_ALL:
            raise
        return _words(shot, error)
    return None


def _words(shot, error):
    if isinstance(error, MemoryError):
        return f"{shot.item.path} needs more memory than there is: shrink it"
    if isinstance(error, FerError):
        return f"{shot.item.path}: {error}"
    brief = reading.brief(error)
    return f"{shot.item.path} cannot be looked at ({brief}): replace or remove it"
