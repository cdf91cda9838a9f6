"""Models beside each other: their scores, and what they say of the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.evaluation.resampling import compare
from fer_utils.evaluation.scores import recall
from fer_utils.labels import class_index

if TYPE_CHECKING:
    import pandas as pd

    from fer_utils.datasets import Dataset
    from fer_utils.training import Fit

_COLUMNS = (
    "parameters",
    "epochs",
    "start",
    "accuracy",
    "standard_error",
    "accuracy_without_twins",
)


def scores_table(fits: Iterable[Fit]) -> pd.DataFrame:
    """Return the scores of fits: a DataFrame, a row a model.

    Args:
        fits: list of what ``training.fit_or_restore`` returned.
    """
    import pandas as pd

    table = pd.DataFrame([fit.metrics for fit in fits]).set_index("model")
    return table[[c for c in (*_COLUMNS, "macro_f1", "n") if c in table]].round(3)


def labelled(
    dataset: Dataset, answers: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return what models say of the rows that all were asked and whose labels are known.

    Args:
        dataset: the Dataset that all of them were asked about.
        answers: dict of name to predictions, dicts of ``index`` and ``probabilities``.

    Returns:
        ``(labels, probabilities)``: int ``(n,)``, and a dict of name to float ``(n, classes)``.

    Raises:
        FerError: there is no such row.
    """
    rows = _common(dataset, answers)
    said = {}
    for name, predictions in answers.items():
        order = np.argsort(predictions["index"])
        place = order[np.searchsorted(predictions["index"], rows, sorter=order)]
        said[name] = predictions["probabilities"][place]
    return dataset.labels[rows], said


def compare_predictions(
    dataset: Dataset, answers: Mapping[str, Mapping[str, np.ndarray]]
) -> pd.DataFrame:
    """Return accuracies on the rows that all were asked, and what each gains over the first.

    Args:
        dataset: as for ``labelled``.
        answers: as for ``labelled``.

    Returns:
        DataFrame, see ``compare``; rows with identical pixels or of one person count as one
        draw.
    """
    labels, said = labelled(dataset, answers)
    return compare(labels, said, dataset.groups[_common(dataset, answers)])


def _common(dataset, answers):
    """Return the rows with known labels that all were asked about, sorted."""
    rows = np.flatnonzero(dataset.labels >= 0)
    for predictions in answers.values():
        rows = np.intersect1d(rows, predictions["index"])
    if not len(rows):
        raise FerError(f"no row with a known label was predicted by all of {', '.join(answers)}")
    return rows


def recalls(dataset: Dataset, answers: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Return the recall of each class: a DataFrame, a row a class, a column a model.

    Args:
        dataset: as for ``labelled``.
        answers: as for ``labelled``.
    """
    import pandas as pd

    labels, said = labelled(dataset, answers)
    return pd.DataFrame({name: recall(labels, p, dataset.classes) for name, p in said.items()})


def asked_about(
    part: Dataset, dataset: Dataset, predictions: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return predictions of all classes as answers about a part's rows, as one of its classes.

    Args:
        part: Dataset of some of the classes, see ``datasets.restrict``; rows go by their names.
        dataset: the Dataset that was predicted.
        predictions: dict with ``index`` and ``probabilities``.

    Returns:
        dict of ``index``, rows of the part, and ``probabilities``, see ``restrict``. A row that
        the network fitted is not among them: it was not predicted.
    """
    place = {name: row for row, name in enumerate(part.names.tolist())}
    names = dataset.names[predictions["index"]].tolist()
    kept = [i for i, name in enumerate(names) if name in place]
    told = restrict(predictions["probabilities"][kept], dataset.classes, part.classes)
    return {"index": np.array([place[names[i]] for i in kept], int), "probabilities": told}


def versions(
    dataset: Dataset, run_dir: Path, last: int = 8, also: Iterable[str] = ()
) -> dict[str, dict[str, np.ndarray]]:
    """Return the predictions of the versions that a run has for these data.

    Args:
        dataset: the Dataset; versions that were fitted to others are left out.
        run_dir: Path of the run folder.
        last: int, the last version to look for.
        also: names of other folders of the run to look for.

    Returns:
        dict of name to predictions, in the order of the versions, then of the others.
    """
    found = {}
    for name in (*(f"v{number}" for number in range(1, last + 1)), *also):
        run = runs.read_run(run_dir / name) or {}
        if run.get("identity", {}).get("data") == dataset.fingerprint:
            found[name] = runs.read_predictions(run_dir / name / "predictions.npz")
    return found


def restrict(
    probabilities: np.ndarray, classes: Sequence[str], wanted: Sequence[str]
) -> np.ndarray:
    """Return probabilities of some of the classes, as if the answer were known to be one of them.

    Args:
        probabilities: float ``(n, classes)``.
        classes: tuple of the names of their columns.
        wanted: tuple of the names to keep.

    Returns:
        float ``(n, wanted)``, rows that sum to 1; equal shares where none had any.

    Raises:
        FerError: a class that there is not.
    """
    kept = np.asarray(probabilities)[:, [class_index(name, classes) for name in wanted]]
    kept = kept + np.finfo(kept.dtype).tiny
    return kept / kept.sum(axis=1, keepdims=True)
