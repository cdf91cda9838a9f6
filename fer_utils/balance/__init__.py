"""Balancing: what to do about a class that is rare.

Split first, balance after: all functions take rows of ``train`` and refuse others, so that
no copy of an image, and no image mixed from it, can reach what the model is judged on.

- rows for rows: ``remove_majority``, ``remove_to``, ``duplicate_to``, ``balanced_batches``;
  ``repeat_to`` for as many steps of each
- new images: ``augment_to``, ``smote``, ``adasyn`` return a longer Dataset and its rows
- no change of rows: ``class_weights``, ``sample_weights``, ``divide_by_shares``
"""

from fer_utils.balance.images import adasyn, augment_to, smote
from fer_utils.balance.rows import (
    balanced_batches,
    counts,
    duplicate_to,
    removal_counts,
    remove_majority,
    remove_to,
    repeat_to,
)
from fer_utils.balance.weights import class_weights, divide_by_shares, sample_weights

__all__ = [
    "adasyn",
    "augment_to",
    "balanced_batches",
    "class_weights",
    "counts",
    "divide_by_shares",
    "duplicate_to",
    "removal_counts",
    "remove_majority",
    "remove_to",
    "repeat_to",
    "sample_weights",
    "smote",
]
