"""Where a face's expression shows: what a network should look at to name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils.datasets.synthetic.action_units import NAMES, PROTOTYPES, units_of
from fer_utils.datasets.synthetic.faces import generate
from fer_utils.datasets.synthetic.labelling import expressions
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets.synthetic.faces import Faces


def with_regions(n: int, least: int = 16, **options: Any) -> tuple[Faces, np.ndarray]:
    """Draw faces, and return where the units of each one's expression change the picture.

    The same faces are drawn without those units: where a pixel differs, the expression shows.
    Nothing else does: units that are active by the way are left as they are.

    Args:
        n: int, how many.
        least: grey values, 1 to 255, by which a pixel differs at least to be of the region.
        **options: of ``generate``. With ``masks``, the faces' ``masks`` hold the wider patches of
            skin where each unit may show.

    Returns:
        ``(faces, regions)``: Faces and bool ``(n, height, width)``, empty for neutral faces.

    Raises:
        FerError: an argument out of its range.

    Example:
        >>> smiles, regions = with_regions(4, labels="happy", seed=1)
        >>> regions.shape
        (4, 48, 48)
    """
    if not 1 <= least <= 255:
        raise FerError(f"synthetic faces: least is {least}; write 1 to 255")
    faces = generate(n, **options)
    calm = np.where(own_units(faces), 0, faces.action_units)
    without = generate(n, **{**options, "action_units": calm, "masks": False})
    return faces, np.abs(faces.images.astype(int) - without.images) >= least


def own_units(faces: Faces) -> np.ndarray:
    """Return bool ``(n, 21)``: which units are of the expression that each face shows."""
    of_class = [
        np.isin(NAMES, [unit for variant in PROTOTYPES[key] for unit in units_of(variant)])
        for key in expressions(faces.classes)
    ]
    return np.stack(of_class)[faces.true_labels]
