"""Networks by name, after the manner of timm: ``list_models``, ``build``, ``recipe``.

Each version is one file here and holds its networks, where they come from, and how they are
trained. ``v1`` to ``v8`` name the network that each model notebook settles on. ``load`` opens a
file that one of them was saved to; ``hog`` is what they are compared with.
"""

from fer_utils.models import tiny, v1, v2, v3, v4, v5, v6, v7, v8  # noqa: F401  (enters their networks)
from fer_utils.models.cost import multiplications
from fer_utils.models.loading import load
from fer_utils.models.pretrained import weights_at_hand
from fer_utils.models.registry import Recipe, build, describe, list_models, recipe, resolve

__all__ = [
    "Recipe",
    "build",
    "describe",
    "list_models",
    "load",
    "multiplications",
    "recipe",
    "resolve",
    "weights_at_hand",
]
