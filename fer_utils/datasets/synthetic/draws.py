"""Random numbers that belong to a row, not to a position in a stream."""

import numpy as np
from scipy.special import ndtri

_ODD = np.uint64(0x9E3779B97F4A7C15)


class Draws:
    """A column of random numbers at each call, one for each key.

    A number depends only on the seed, the stream, the key and how many columns were taken
    before, so image i stays the same however many images are drawn. The mixing is the
    finaliser of SplitMix64 (Steele et al. 2014, https://doi.org/10.1145/2660193.2660195).

    Args:
        seed: int, 0 or more.
        stream: int, keeps the draws of one purpose apart from another's.
        keys: int ``(n,)``, for example row numbers or persons.

    Example:
        >>> Draws(0, 1, [7, 8, 7]).uniform().round(2)
        array([0.12, 0.69, 0.12])
    """

    def __init__(self, seed, stream, keys):
        keys = np.asarray(keys, np.uint64)
        start = np.full(keys.shape, seed, np.uint64)
        self._state = _mix(_mix(_mix(start) + np.uint64(stream)) + keys)

    def __len__(self):
        return len(self._state)

    def uniform(self, low=0.0, high=1.0):
        """Return float64 ``(n,)``, uniform between low and high."""
        self._state = self._state + _ODD
        return low + (high - low) * (_mix(self._state) >> np.uint64(11)) * 2.0**-53

    def normal(self, scale=1.0, mean=0.0):
        """Return float64 ``(n,)``, normal, cut at three standard deviations."""
        return mean + scale * np.clip(ndtri(self.uniform()), -3, 3)

    def chance(self, probability):
        """Return bool ``(n,)``, true with the given probability."""
        return self.uniform() < probability

    def pick(self, weights):
        """Return int64 ``(n,)``, the index of one of the weights, each as often as it weighs."""
        edges = np.cumsum(weights, dtype=float)
        return np.searchsorted(edges[:-1] / edges[-1], self.uniform(), side="right")


def _mix(x):
    x = x + _ODD
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
