"""Histograms of oriented gradients with a linear SVM: what a network has to beat.

CK+'s authors (Lucey et al. 2010) put a linear SVM on the shape and the look of a face, which
they had from tracked landmarks. Gradients stand in for these: they need no landmarks.
"""

import numpy as np

from fer_utils.datasets.images import resized, shape_of
from fer_utils.errors import FerError


def hog_features(images, size=48, cell=8):
    """Return histograms of oriented gradients (Dalal and Triggs 2005).

    Args:
        images: uint8 ``(n, height, width)``, with one or three channels behind or none.
        size: side in pixels, or ``(height, width)``, that they are resized to.
        cell: side in pixels of the square that one histogram of eight directions counts.

    Returns:
        float32 ``(n, features)``.

    Raises:
        FerError: fewer than two cells along a side.
    """
    from skimage.feature import hog

    shape = shape_of(size)
    if min(shape) < 2 * cell:
        raise FerError(
            f"{shape[0]}x{shape[1]} pixels are less than two cells of {cell}: "
            f"give at least {2 * cell}, or smaller cells"
        )
    options = {"orientations": 8, "pixels_per_cell": (cell, cell), "cells_per_block": (2, 2)}
    return np.stack([hog(_fitted(image, shape), **options) for image in images]).astype("float32")


def _fitted(image, shape):
    import cv2

    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.shape[-1] == 3 else image[..., 0]
    return image if image.shape == shape else resized(image, shape)


class HogSvm:
    """A linear SVM on histograms of oriented gradients, one class against the rest.

    Args:
        classes: tuple of class names, or their number.
        size: side in pixels, or ``(height, width)``, that images are resized to.
        cell: see ``hog_features``.
        strength: how much a training row on the wrong side counts against a wide margin,
            scikit-learn's ``C``.
        seed: int, of the solver's order.

    Example:
        >>> svm = HogSvm(faces.classes).fit(faces.images[train], faces.labels[train])
        >>> probabilities = svm.predict_proba(faces.images[valid])
    """

    def __init__(self, classes, size=48, cell=8, strength=0.03, seed=0):
        self.classes = classes if isinstance(classes, int) else len(classes)
        self.size, self.cell = size, cell
        self.strength, self.seed = strength, seed

    def fit(self, images, labels):
        """Fit to uint8 images ``(n, height, width)`` and their labels, int ``(n,)``.

        Here and below their ``hog_features`` do in place of images: who fits often counts once.

        Returns:
            Itself.

        Raises:
            FerError: fewer than two classes among the labels, or one that there is not.
        """
        from sklearn.svm import LinearSVC

        found = np.unique(labels)
        if len(found) < 2 or found[0] < 0 or found[-1] >= self.classes:
            raise FerError(
                f"an SVM needs labels of two or more classes out of 0 to {self.classes - 1}, "
                f"not {found.tolist()}: choose labelled rows"
            )
        self.svm = LinearSVC(C=self.strength, random_state=self.seed, max_iter=5000)
        self.svm.fit(self._features(images), labels)
        return self

    def _features(self, images):
        counted = np.ndim(images) == 2
        return images if counted else hog_features(images, self.size, self.cell)

    def margins(self, images):
        """Return float ``(n, classes)``: above 0 where the class is told from the rest.

        A class that no training row had is at minus infinity.
        """
        said = self.svm.decision_function(self._features(images))
        if said.ndim == 1:  # of two classes scikit-learn gives one margin
            said = np.stack([-said, said], axis=1)
        margins = np.full((len(said), self.classes), -np.inf)
        margins[:, self.svm.classes_] = said
        return margins

    def predict_proba(self, images):
        """Return float32 ``(n, classes)``, the softmax of the margins.

        The rows sum to 1 and rank as the margins do; they are not calibrated. Calibration by
        cross-validation would split the rows of a person, or need the groups.
        """
        from scipy.special import softmax

        return softmax(self.margins(images), axis=1).astype("float32")
