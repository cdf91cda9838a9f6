"""Any number of transforms a photograph in constant memory.

Seed 000 held all copies as floats: 21 a photograph of 150x150 were what its memory took. Here a
copy is made when it is asked for, and is the same each time.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from fer_utils.augment.bank.registry import apply, describe
from fer_utils.errors import FerError


class Augmented:
    """The images and their transformed copies, as one long sequence that is never held.

    Sample ``i`` is photograph ``i % n``, as it is for ``i < n``, and after that transformed by
    ``transforms[i // n - 1]``. ``rows(i)`` tells which photograph a sample shows: whoever
    splits, splits by it, for copies on both sides of a split are a leak.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, 3)``; a memory map does.
        labels: ``(n,)`` or ``(n, ...)``.
        transforms: names, any number of them, each as often as wanted.
        seed: int; what is drawn follows from it, the photograph and the place in the list.

    Raises:
        FerError: no such transform, or as many labels as there are not images.

    Example:
        >>> images, labels = np.zeros((5, 8, 8), "uint8"), np.arange(5)
        >>> copies = Augmented(images, labels, ["mirror", "random_rotation"])
        >>> len(copies)
        15
        >>> batch, kinds = copies[[0, 5, 14]]
        >>> kinds
        array([0, 0, 4])
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, transforms: Sequence[str], seed: int = 0
    ) -> None:
        if len(images) != len(labels):
            raise FerError(f"{len(images)} images but {len(labels)} labels")
        for name in transforms:
            describe(name)  # a wrong name fails now, not in the middle of an epoch
        self.images, self.labels = images, np.asarray(labels)
        self.transforms, self.seed = tuple(transforms), seed

    def __len__(self) -> int:
        return len(self.images) * (1 + len(self.transforms))

    def rows(self, samples: int | np.ndarray) -> np.ndarray:
        """Return which photograph each sample shows."""
        return np.asarray(samples) % len(self.images)

    def __getitem__(
        self, samples: int | slice | Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(images, labels)`` of samples: a number, a slice, or an int or bool array."""
        picked = self._numbers(samples)
        rows, copies = picked % len(self.images), picked // len(self.images)
        shown = np.empty((picked.size, *self.images.shape[1:]), "uint8")
        for i, (row, copy) in enumerate(zip(rows.flat, copies.flat, strict=True)):
            shown[i] = self._copy(int(row), int(copy))
        return shown.reshape(*picked.shape, *self.images.shape[1:]), self.labels[rows]

    def _numbers(self, samples):
        """Return the samples' numbers, counted from the start."""
        if isinstance(samples, slice):
            return np.arange(*samples.indices(len(self)))
        samples = np.asarray(samples)
        if samples.dtype == bool:
            return np.flatnonzero(samples)
        if samples.size and not -len(self) <= samples.min() <= samples.max() < len(self):
            raise IndexError(f"there are {len(self)} samples, none has the number asked for")
        return samples.astype(int) % len(self)

    def _copy(self, row, copy):
        if copy == 0:
            return self.images[row]
        return apply(self.transforms[copy - 1], self.images[row], (self.seed, copy, row))


def stream(
    images: np.ndarray, names: Sequence[str], copies: int = 1, seed: int = 0, batch: int = 256
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield transformed copies of the images, a batch at a time.

    Args:
        images: uint8 ``(n, height, width)`` or ``(n, height, width, 3)``.
        names: transforms.
        copies: how often to go through them; what draws draws anew.
        seed: int.
        batch: images at a time.

    Yields:
        ``(name, rows, transformed)``: the transform, the rows of ``images``, and uint8
        ``(rows, ...)``.

    Raises:
        FerError: no such transform.
    """
    labels = np.zeros(len(images), "int8")
    return _batches(Augmented(images, labels, tuple(names) * copies, seed), batch)


def _batches(source, batch):
    n = len(source.images)
    for copy, name in enumerate(source.transforms, 1):
        for start in range(0, n, batch):
            rows = np.arange(start, min(start + batch, n))
            yield name, rows, source[copy * n + rows][0]
