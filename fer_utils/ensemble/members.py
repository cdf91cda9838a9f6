"""The members of an ensemble: what several networks said of the same rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_utils import runs
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


@dataclasses.dataclass(frozen=True)
class Members:
    """What several networks said of the same rows of a Dataset.

    Attributes:
        names: tuple of str, folders under the run folder.
        index: int ``(n,)``, rows of the Dataset.
        split: str ``(n,)``, their splits.
        probabilities: float ``(members, n, classes)``.
        left_out: dict of name to the reason why a member was left out.
    """

    names: tuple[str, ...]
    index: np.ndarray
    split: np.ndarray
    probabilities: np.ndarray
    left_out: dict[str, str]

    def take(self, names: Sequence[str]) -> Members:
        """Return the Members of these names, in this order.

        Raises:
            FerError: there is no such member, or it was left out.
        """
        for name in names:
            if name not in self.names:
                raise FerError(f"no member '{name}' {self._why_not(name)}")
        places = [self.names.index(name) for name in names]
        return dataclasses.replace(
            self, names=tuple(names), probabilities=self.probabilities[places]
        )

    def _why_not(self, name):
        there = f"choose among {', '.join(self.names)}"
        if name in self.left_out:
            return f"is left: it {self.left_out[name]}; train it again, or {there}"
        return f"is there: {there}"

    def keep(self, rows: np.ndarray) -> Members:
        """Return the Members with some of the rows alone, bool ``(n,)``."""
        return dataclasses.replace(
            self,
            index=self.index[rows],
            split=self.split[rows],
            probabilities=self.probabilities[:, rows],
        )


def load_members(
    run_dir: Path, dataset: Dataset, names: Sequence[str], leave_out_faulty: bool = False
) -> Members:
    """Return the predictions of several models of a run as Members.

    Args:
        run_dir: Path of the run folder.
        dataset: the Dataset that they predicted.
        names: the models' folders under it; the order of the members.
        leave_out_faulty: leave out a member that has NaN or answers always the same; the
            reason stands in ``left_out``. Otherwise it is refused.

    Raises:
        FerError: a member was not trained, predicted other data, other rows, the rows in
            another order, or other classes; it is faulty; none is left.
    """
    if not names:
        raise FerError("an ensemble needs members: none is named")
    said, left_out = {}, {}
    first: Any = None  # the first member's name and predictions
    for name in names:
        predictions = runs.read_predictions(run_dir / name / "predictions.npz")
        _check_data(name, run_dir / name, dataset)
        _check_rows(name, predictions, first, dataset)
        first = first or (name, predictions)
        fault = fault_of(predictions["probabilities"])
        if fault and not leave_out_faulty:
            raise FerError(
                f"member '{name}' {fault}: train it again, or leave it out (leave_out_faulty=True)"
            )
        if fault:
            left_out[name] = fault
        else:
            said[name] = predictions["probabilities"]
    if not said:
        why = "; ".join(f"'{name}' {fault}" for name, fault in left_out.items())
        raise FerError(f"no member is left: {why}")
    index, split = first[1]["index"], first[1]["split"]
    return Members(tuple(said), index, split, np.stack(list(said.values())), left_out)


def fault_of(probabilities):
    """Return what is wrong with a member's probabilities ``(n, classes)``, or an empty string."""
    broken = ~np.isfinite(probabilities).all(axis=1)
    if broken.any():
        return f"has NaN in {broken.sum()} of {len(broken)} rows"
    if len(probabilities) > 1 and np.ptp(probabilities, axis=0).max() < 1e-6:
        return "says the same of every row"
    return ""


def _check_data(name, folder, dataset):
    run = runs.read_run(folder)
    if run is None:
        raise FerError(
            f"member '{name}' was not finished, {folder} has no run.json: train it again"
        )
    identity = run["identity"]
    data, classes = identity.get("data"), identity.get("classes")
    if data is not None and data != dataset.fingerprint:
        raise FerError(f"member '{name}' was fitted to other data: train it on these")
    if classes is not None and tuple(classes) != dataset.classes:
        raise FerError(
            f"member '{name}' knows the classes {', '.join(classes)} in this order, "
            f"the data have {', '.join(dataset.classes)}"
        )


def _check_rows(name, predictions, first, dataset):
    classes = predictions["probabilities"].shape[1]
    if classes != len(dataset.classes):
        raise FerError(
            f"member '{name}' predicts {classes} classes, the data have {len(dataset.classes)}"
        )
    if first is None:
        return
    other, index = first[0], first[1]["index"]
    mine = predictions["index"]
    if np.array_equal(mine, index):
        return
    if np.array_equal(np.sort(mine), np.sort(index)):
        row = int(np.flatnonzero(mine != index)[0])
        raise FerError(
            f"members '{other}' and '{name}' have their rows in another order, first at row {row}"
        )
    missing = np.setdiff1d(index, mine)
    raise FerError(
        f"member '{name}' predicted {len(mine)} rows, '{other}' {len(index)}; "
        f"{len(missing)} of these are missing from '{name}': predict the same rows with both"
    )
