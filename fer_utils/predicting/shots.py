"""Pictures one after another, out of photographs and videos; a bad one does not stop the rest."""

import dataclasses
import os
import re

from fer_utils.datasets import photographs
from fer_utils.errors import FerError
from fer_utils.predicting.items import Item
from fer_utils.recognizer.photographs import as_photograph

# How files of items.VIDEOS begin: MP4 and QuickTime, AVI, Matroska, MPEG, Ogg. FFmpeg knows
# playlists too, which would have it open other files.
_CONTAINERS = (
    rb"....(ftyp|moov|mdat|free|skip|wide|pnot)|RIFF....AVI|\x1aE\xdf\xa3|\0\0\x01[\xb3\xba]"
    rb"|G[\x40-\x5f]|OggS"
)
_NO_VIDEO = "is no video that can be read: replace or remove it"


@dataclasses.dataclass(frozen=True)
class Shot:
    """One picture to look for faces in, or what is wrong with it.

    Args:
        item: Item that it is of.
        photo: uint8 ``(height, width, 3)`` RGB; None where there is none to look at.
        factor: int by which each side was reduced.
        seconds: float of three decimals, where in a video; None for a photograph.
        error: str, why there is none.
    """

    item: Item
    photo: object = None
    factor: int = 1
    seconds: float | None = None
    error: str | None = None

    @property
    def key(self):
        """What tells it from all others."""
        return self.item.name if self.seconds is None else f"{self.item.name} {self.seconds:.3f}"


def shots(items, every=1.0, known=()):
    """Yield the Shots of items.

    Args:
        items: list of Item.
        every: float above 0, seconds of a video between the frames that are taken.
        known: container of keys that are not needed again: they come without a photo.
    """
    for item in items:
        yield from _frames(item, every, known) if item.is_video else _photograph(item, known)


def _photograph(item, known):
    if item.name in known:
        yield Shot(item)
        return
    try:
        photo, factor = as_photograph(item.path, item.name)
    except FerError as error:
        yield Shot(item, error=str(error))
    except MemoryError:
        yield Shot(item, error=f"{item.path} needs more memory than there is: shrink it")
    else:
        yield Shot(item, photo, factor)


def _frames(item, every, known):
    import cv2

    if not _is_container(item.path):
        yield Shot(item, error=f"{item.path} {_NO_VIDEO}")
        return
    # Absolute: to FFmpeg a name such as concat:a|b is no file but a command.
    video = cv2.VideoCapture(os.path.abspath(item.path))
    try:
        yield from _taken(item, video, every, known)
    finally:
        video.release()


def _is_container(path):
    """Return whether a file is a video by its first bytes, not a text that names other files."""
    try:
        with open(path, "rb") as file:
            return re.match(_CONTAINERS, file.read(16), re.DOTALL) is not None
    except OSError:
        return False


def _taken(item, video, every, known):
    import cv2

    width, height = (video.get(p) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > photographs.LARGEST:
        yield Shot(item, error=f"{item.path} has {width:.0f}x{height:.0f} pixels: shrink it")
        return
    rate = video.get(cv2.CAP_PROP_FPS)
    rate = rate if 0 < rate < 1000 else 25.0  # some containers do not tell
    expected, at, due = video.get(cv2.CAP_PROP_FRAME_COUNT), 0, 0.0
    while video.grab():
        if at / rate + 1e-6 >= due:
            # Rounded once and for all: names of files and rows of tables go by it.
            yield _frame(item, video, round(at / rate, 3), known)
            due += every
        at += 1
    if at == 0:
        yield Shot(item, error=f"{item.path} {_NO_VIDEO}")
    elif at < expected - max(2, 0.02 * expected):  # containers often tell a frame or two too many
        said = f"ends after {at / rate:.1f} of {expected / rate:.1f} seconds"
        yield Shot(item, seconds=round(at / rate, 3), error=f"{item.path} {said}: copy it again")


def _frame(item, video, seconds, known):
    import cv2

    shot = Shot(item, seconds=seconds)
    if shot.key in known:
        return shot
    good, pixels = video.retrieve()
    if not good:
        return dataclasses.replace(shot, error=f"{item.path} is damaged at {seconds:.1f} seconds")
    photo, factor = as_photograph(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    return dataclasses.replace(shot, photo=photo, factor=factor)


def batches(stream, most=16, pixels=32_000_000):
    """Yield lists of Shots, as many as memory holds: so many, and so many pixels at most."""
    batch, held = [], 0
    for shot in stream:
        size = 0 if shot.photo is None else shot.photo.shape[0] * shot.photo.shape[1]
        if batch and (len(batch) == most or held + size > pixels):
            yield batch
            batch, held = [], 0
        batch.append(shot)
        held += size
    if batch:
        yield batch
