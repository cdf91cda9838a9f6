"""The bank: every transform of seed 000's class, by name, on one uint8 image of any size.

Seed 000 is the DATA622 class competition; its classmates' files lie in
``muxspace/facial_expressions`` under ``python/``. A transform that several of them wrote has
one name here; ``SETS`` says who used which. What the originals got wrong is put right and the
docstring of the transform says so. True of all of them:

- Dtype and shape stay. What changed the size is brought back to the size that came in, since
  a network has one input size anyway.
- Distances are shares of the sides, taken from the pixels of the source's own size (350x350,
  or 96x96 for cBuckley), so that any size works. Windows of filters stay in pixels; seed 000
  used them at 150x150.
- Values stay within 0-255. Seed 000 worked on floats 0-1 and clipped nothing, so sharpening
  left values outside the range that the network was told of.
- Rotations turn about the middle of the pixels. The originals' ``(width/2, height/2)`` is half
  a pixel off, which at 90 degrees leaves a black line.
"""

from fer_utils.augment.bank import drawn, filters, moves  # noqa: F401  (they fill the registry)
from fer_utils.augment.bank.longer import Streamed, with_copies
from fer_utils.augment.bank.registry import apply, describe, list_transforms
from fer_utils.augment.bank.sets import SETS
from fer_utils.augment.bank.stream import Augmented, stream

__all__ = [
    "SETS",
    "Augmented",
    "Streamed",
    "apply",
    "describe",
    "list_transforms",
    "stream",
    "with_copies",
]
