"""Which expression each row shows, and which label it is given."""

import numpy as np

from fer_utils import labels as vocabularies
from fer_utils.datasets.synthetic.checks import check_share, label_numbers
from fer_utils.datasets.synthetic.draws import Draws

# How often each expression is drawn: FER2013's training counts (Goodfellow et al. 2013).
# FER2013 has no contempt; its number is ours, low but enough to be learnt.
COUNTS = {"angry": 3995, "disgust": 436, "fear": 4097, "happy": 7215, "sad": 4830,
          "surprise": 3171, "neutral": 4965, "contempt": 1100}  # fmt: skip
_STREAM = 3
_GOLDEN = 0.6180339887498949


def expressions(names):
    """Return each class's key in ``COUNTS`` and in the action units' prototypes."""
    keys = [_key(name) for name in names]
    return keys


def _key(name):
    return (*vocabularies.FER2013, "contempt")[
        vocabularies.class_index(name, (*vocabularies.FER2013, "contempt"))
    ]


def draw_labels(n, seed, names, wrong=0.0, wanted=None):
    """Return the true and the given labels, int8 ``(n,)`` each.

    True labels run through the class shares by the golden ratio, so that any stretch of rows
    has the shares as nearly as can be. Wrong ones are drawn by the other classes' shares, so
    that no class drowns in another's mistakes.

    Args:
        n: int, how many.
        seed: int.
        names: tuple of class names.
        wrong: share of given labels that are wrong, 0-1.
        wanted: labels to use as the true ones, see ``faces.generate``.
    """
    check_share("wrong_labels", wrong)
    draws = Draws(seed, _STREAM, np.arange(n))
    edges = np.cumsum([0] + [COUNTS[key] for key in expressions(names)])
    edges = edges / edges[-1]
    start = Draws(seed, _STREAM, [n * 0]).uniform()
    drawn = _at(edges, (start + _GOLDEN * np.arange(n)) % 1)
    truth = drawn if wanted is None else label_numbers(wanted, n, names)
    own = np.diff(edges)[truth]
    other = draws.uniform() * (1 - own)
    other = _at(edges, other + own * (other >= edges[truth]))
    return truth.astype(np.int8), np.where(draws.chance(wrong), other, truth).astype(np.int8)


def _at(edges, u):
    return np.searchsorted(edges[1:-1], u, side="right")
