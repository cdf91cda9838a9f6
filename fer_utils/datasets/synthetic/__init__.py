"""Synthetic faces, the data that is always there: parametric faces drawn from action units.

Each face is a person (shape, skin, age, hair, glasses) who shows an expression (FACS action
units move the features and fold the skin), posed, lit and photographed with blur and grain.
``load`` gives a Dataset with FER2013's failings: unequal classes, wrong labels, identical
images across splits, a few black ones. ``generate`` gives faces on request with everything
that is known about them, ``with_regions`` also where the expression shows, ``sequences`` the
way into an expression, ``snapshots`` photographs of whole scenes, for face detection.

No photograph and no person's likeness is in it: scores on it say whether code works and
ideas compare, not how well a model reads faces.
"""

import dataclasses
from pathlib import Path

import numpy as np

from fer_utils.datasets.base import UNKNOWN, Dataset, group_identical
from fer_utils.datasets.synthetic.action_units import EFFECTS, PROTOTYPES, UNITS
from fer_utils.datasets.synthetic.checks import pair
from fer_utils.datasets.synthetic.ckplus import write_ckplus
from fer_utils.datasets.synthetic.faces import Faces, generate
from fer_utils.datasets.synthetic.labelling import COUNTS
from fer_utils.datasets.synthetic.plan import Plan
from fer_utils.datasets.synthetic.regions import own_units, with_regions
from fer_utils.datasets.synthetic.scene import OCCLUDERS
from fer_utils.datasets.synthetic.sequences import Sequences, sequences
from fer_utils.datasets.synthetic.snapshots import Snapshots, snapshots

__all__ = ["COUNTS", "EFFECTS", "OCCLUDERS", "PROTOTYPES", "UNITS", "Faces", "Sequences",
           "Snapshots", "find", "generate", "load", "own_units", "private_labels", "sequences",
           "snapshots", "truth", "with_regions", "write_ckplus"]  # fmt: skip


def find(root: str | Path | None = None) -> None:
    """Return None: there are no files."""
    return None


def load(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = 48,
    n: int = 3600,
    seed: int = 0,
    classes: int = 7,
    wrong_labels: float = 0.08,
    twins: float = 0.03,
    blanks: float = 0.001,
) -> Dataset:
    """Return drawn faces as a Dataset, flawed as FER2013 is.

    The first 80% of the rows are ``train``, then come 10% ``valid`` and 10% ``test``; no person
    is in two splits, unless by a twin. ``test`` labels are -1, see ``private_labels``. Another
    ``n`` gives other persons, and so other images.

    Args:
        root: ignored, there are no files.
        size: int or ``(height, width)``, 16 or more each; None for 48.
        n: int, how many rows.
        seed: int, 0 or more.
        classes: 7 for FER2013's classes in its order, 8 for those of DATA622.
        wrong_labels: share of rows with a wrong label, 0-1; test rows too.
        twins: share of rows that repeat an earlier row's pixels, 0-1, with a label of their
            own; 8% of FER2013's test rows repeat a training row.
        blanks: share of rows that are black, 0-1.

    Returns:
        Dataset; rows of a person, and rows of identical pixels, share a group.

    Raises:
        FerError: an argument out of its range.

    Example:
        >>> faces = load(n=500, size=32)
        >>> faces.images.shape, len(faces.rows("train"))
        ((500, 32, 32), 400)
    """
    plan = Plan(n, seed, classes, wrong_labels, twins, blanks)
    images = _drawn(plan, n, size, seed, classes).images
    labels = np.where(plan.split == "test", UNKNOWN, plan.labels).astype(np.int8)
    return Dataset(images, labels, plan.classes, plan.split, group_identical(images, plan.groups),
                   np.arange(n).astype(str), "synthetic", "synthetic faces")  # fmt: skip


def _drawn(plan, n, size, seed, classes):
    """Return the Faces of a Plan, row i is the plan's row i."""
    drawn = generate(
        n, size=pair(size), seed=seed, classes=classes, labels=plan.truth, identity=plan.persons
    )
    fields = {field.name: getattr(drawn, field.name) for field in dataclasses.fields(drawn)}
    of_rows = {
        name: value[plan.source] for name, value in fields.items() if isinstance(value, np.ndarray)
    }
    of_rows["images"][plan.blank] = 0
    return dataclasses.replace(drawn, **of_rows)


def truth(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = 48,
    n: int = 3600,
    seed: int = 0,
    classes: int = 7,
    wrong_labels: float = 0.08,
    twins: float = 0.03,
    blanks: float = 0.001,
) -> Faces:
    """Return what is known of the faces that ``load`` draws, which no photograph tells.

    To judge a method that looks for wrong labels, or what pose and glasses do; never to train on,
    nor to choose by. Takes the arguments of ``load``.

    Returns:
        Faces whose row i is ``load``'s row i; its ``labels`` are the given ones, -1 in ``test``,
        its ``true_labels`` what each face was drawn to show, in ``test`` too. What it says of
        a black image is of the face that would have been there.
    """
    plan = Plan(n, seed, classes, wrong_labels, twins, blanks)
    given = np.where(plan.split == "test", UNKNOWN, plan.labels).astype(np.int8)
    return dataclasses.replace(_drawn(plan, n, size, seed, classes), labels=given)


def private_labels(
    root: str | Path | None = None,
    size: int | tuple[int, int] | None = 48,
    n: int = 3600,
    seed: int = 0,
    classes: int = 7,
    wrong_labels: float = 0.08,
    twins: float = 0.03,
    blanks: float = 0.001,
) -> np.ndarray:
    """Return the labels that ``load`` withholds: int8, those of the test rows, in order.

    Takes the arguments of ``load``. For ``evaluation.evaluate_final`` alone.
    """
    plan = Plan(n, seed, classes, wrong_labels, twins, blanks)
    return plan.labels[plan.split == "test"]
