"""Why a network says what it says: maps of what it looked at, and whether to believe them.

``explain`` draws the maps of every method of ``METHODS``. ``curves`` asks whether a map names what
the network goes by, ``shuffled`` whether it depends on what was learned at all, and
``share_inside`` whether it lies where the expression is, which drawn faces know, and better than
maps ``without_network``.
"""

from fer_utils.explain.asking import Network
from fer_utils.explain.attention import mean_attention, share_inside, shares, without_network
from fer_utils.explain.faithful import area, curves
from fer_utils.explain.methods import METHODS, explain
from fer_utils.explain.sanity import shuffled, similarity

__all__ = [
    "METHODS",
    "Network",
    "area",
    "curves",
    "explain",
    "mean_attention",
    "share_inside",
    "shares",
    "shuffled",
    "similarity",
    "without_network",
]
