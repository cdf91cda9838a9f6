"""What a data set holds, in numbers: for ``python -m fer_utils data`` and the notebooks."""

import numpy as np

from fer_utils.datasets.base import SPLITS, group_identical


def describe(dataset):
    """Return what is worth knowing about a data set before training.

    Args:
        dataset: a Dataset.

    Returns:
        dict of plain values, fit for JSON:

        - ``name``, ``source``, ``rows``, ``image_shape``, ``fingerprint``
        - ``splits``: for each split ``rows``, ``labelled``, ``classes`` (rows of each class),
          ``blank`` (images of one grey level), ``twin_in_train`` (images with the same pixels
          as another row of ``train``)
        - ``distinct_images``: images when identical ones count once
        - ``conflicting``: labelled rows whose pixels occur under another label too
    """
    twins = group_identical(dataset.images)
    blank = _blank(dataset.images)
    return {
        "name": dataset.name,
        "source": dataset.source,
        "rows": len(dataset),
        "image_shape": [int(side) for side in dataset.images.shape[1:]],
        "fingerprint": dataset.fingerprint,
        "splits": {split: _describe_split(dataset, split, blank, twins) for split in SPLITS},
        "distinct_images": len(np.unique(twins)),
        "conflicting": _conflicting(dataset.labels, twins),
    }


def _describe_split(dataset, split, blank, twins):
    rows = dataset.rows(split)
    labels = dataset.labels[rows]
    counts = np.bincount(labels[labels >= 0], minlength=len(dataset.classes))
    in_train = np.bincount(twins[dataset.rows("train")], minlength=len(dataset) + 1)[twins[rows]]
    return {
        "rows": len(rows),
        "labelled": int((labels >= 0).sum()),
        "classes": dict(zip(dataset.classes, counts.tolist(), strict=True)),
        "blank": int(blank[rows].sum()),
        # A training row is itself among those counted.
        "twin_in_train": int((in_train > (split == "train")).sum()),
    }


def _blank(images):
    """Return bool ``(n,)``: which images have the same value in all pixels."""
    flat = images.reshape(len(images), -1)
    return (flat == flat[:, :1]).all(axis=1)


def _conflicting(labels, twins):
    known = np.flatnonzero(labels >= 0)
    low, high = np.full(len(twins), 127, np.int8), np.full(len(twins), -1, np.int8)
    np.minimum.at(low, twins[known], labels[known])
    np.maximum.at(high, twins[known], labels[known])
    return int((low < high)[twins[known]].sum())


def lines(dataset):
    """Return ``describe`` as lines of text for people.

    Args:
        dataset: a Dataset.

    Returns:
        list of str.
    """
    facts = describe(dataset)
    splits = facts["splits"]
    shape = "x".join(map(str, facts["image_shape"]))
    table = [["", *SPLITS], ["rows", *(f"{splits[s]['rows']:,}" for s in SPLITS)]]
    table += [[c, *(_count(splits[s], c) for s in SPLITS)] for c in dataset.classes]
    table += [
        ["without label", *(f"{splits[s]['rows'] - splits[s]['labelled']:,}" for s in SPLITS)],
        ["blank images", *(f"{splits[s]['blank']:,}" for s in SPLITS)],
        ["identical in train", *(f"{splits[s]['twin_in_train']:,}" for s in SPLITS)],
    ]
    return [
        f"{facts['name']}: {facts['rows']:,} images of {shape} pixels",
        f"from {facts['source']}",
        "",
        *_aligned(table),
        "",
        f"{facts['distinct_images']:,} distinct images; {facts['conflicting']:,} labelled rows "
        "have pixels that also occur under another label",
    ]


def _count(split, name):
    return f"{split['classes'][name]:,}" if split["labelled"] else "-"


def _aligned(table):
    wide = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(wide[0]), *(c.rjust(w) for c, w in zip(row[1:], wide[1:], strict=True))]
        )
        for row in table
    ]
