"""Splits that keep a group (one person, identical pixels) on one side."""

import numpy as np

from fer_utils.errors import FerError


def share(dataset, rows, fraction, seed=0):
    """Part rows in two, stratified by label, no group on both sides.

    Args:
        dataset: a Dataset.
        rows: int ``(m,)``, the rows to part, for example ``dataset.rows("train")``.
        fraction: the share of rows to hold out, between 0 and 0.5.
        seed: int.

    Returns:
        ``(kept, held_out)``, two sorted int64 arrays that together are ``rows``.

    Raises:
        FerError: fewer groups than the fraction needs.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = round(1 / fraction)
    groups = dataset.groups[rows]
    if len(np.unique(groups)) < folds:
        raise FerError(
            f"cannot hold out {fraction:.0%}: only {len(np.unique(groups))} groups of images"
        )
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    kept, held_out = next(splitter.split(rows, dataset.labels[rows], groups))
    return np.sort(rows[kept]), np.sort(rows[held_out])


def subset(dataset, n, seed=0):
    """Return a Dataset of at most ``n`` rows, the same share of each split, in their order.

    Rows are drawn at random, so a group may be cut; none ever changes its split.
    """
    if n is None or n >= len(dataset):
        return dataset
    kept = np.random.default_rng(seed).permutation(len(dataset))
    split = dataset.split[kept]
    parts = [kept[split == s][: int(round(n * (split == s).mean()))] for s in np.unique(split)]
    return dataset.take(np.sort(np.concatenate(parts)))
