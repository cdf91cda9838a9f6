"""Networks by name, after the manner of timm: ``list_models``, ``build``, ``recipe``.

Each version is one file here and holds its networks, where they come from, and how they are
trained. ``v1`` to ``v8`` name the network that each model notebook settles on.
"""

from fer_utils.models import tiny, v1, v8  # noqa: F401  (importing a file registers its networks)
from fer_utils.models.registry import Recipe, build, describe, list_models, recipe, resolve

__all__ = ["Recipe", "build", "describe", "list_models", "recipe", "resolve"]
