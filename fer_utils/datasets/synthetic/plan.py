"""What a drawn data set holds, before anything is drawn: persons, labels, splits, twins."""

import numpy as np

from fer_utils.datasets.synthetic.checks import (
    check_count,
    check_seed,
    check_share,
    class_names,
)
from fer_utils.datasets.synthetic.draws import Draws
from fer_utils.datasets.synthetic.faces import PERSONS_A_SEED
from fer_utils.datasets.synthetic.labelling import draw_labels

_STREAM = 8
_PERSON_IMAGES = 6  # how many images a person has, on average
_SHARES = (("train", 0.8), ("valid", 0.1), ("test", 0.1))  # FER2013's, in its order of rows


class Plan:
    """Who is in which row, which rows are twins or black, and what they are labelled."""

    def __init__(self, n, seed, classes, wrong_labels, twins, blanks):
        check_count("n", n)
        check_seed(seed)
        for name, share in (("twins", twins), ("blanks", blanks)):
            check_share(name, share)
        self.classes = class_names(classes)
        draws = Draws(seed, _STREAM, np.arange(n))
        ends = np.rint(np.cumsum([share for _, share in _SHARES]) * n).astype(int)
        self.split = np.repeat([name for name, _ in _SHARES], np.diff(ends, prepend=0))
        self.persons = _cast(draws, ends, seed)
        self.blank = draws.chance(blanks)
        self.source = _sources(draws, twins, self.blank)
        shown, _ = draw_labels(n, seed, self.classes)
        self.truth = shown[self.source]
        _, self.labels = draw_labels(n, seed, self.classes, wrong_labels, wanted=self.truth)
        nobody = -1 - np.arange(n)
        self.groups = np.where(self.blank, nobody, self.persons[self.source])


def _cast(draws, ends, seed):
    """Return a person for each row, drawn from as many as its split has."""
    rows = np.diff(ends, prepend=0)
    actors = np.maximum(rows // _PERSON_IMAGES, 1)
    first = np.cumsum(actors) - actors
    within = draws.uniform() * np.repeat(actors, rows)
    return seed * PERSONS_A_SEED + np.repeat(first, rows) + within.astype(np.int64)


def _sources(draws, twins, blank):
    """Return the row whose picture each row shows: itself, but for twins."""
    n = len(draws)
    source = np.arange(n)
    is_twin, earlier = draws.chance(twins), (draws.uniform() * np.arange(n)).astype(int)
    for i in np.flatnonzero(is_twin & ~blank & ~blank[earlier]):
        source[i] = source[earlier[i]]
    return source
