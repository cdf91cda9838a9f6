"""What ending trials early saves: epochs spent until a trial of some quality has finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import optuna

from fer_utils.tuning import sampling

if TYPE_CHECKING:
    import pandas as pd


def epochs_until(table: pd.DataFrame, quality: float) -> float:
    """Return how many epochs a search had spent when its first trial of a quality finished.

    Args:
        table: DataFrame of ``state``, ``accuracy`` and ``spent`` in the order of the trials, see
            ``trials``.
        quality: float, the accuracy asked for.

    Returns:
        int; NaN where no finished trial reached it.
    """
    reached = (table["state"] == "finished") & (table["accuracy"] >= quality)
    return table["spent"].cumsum()[reached].min()


def compare(searches: Mapping[str, pd.DataFrame], quality: float) -> pd.DataFrame:
    """Return what searches spent and found.

    Args:
        searches: dict of name to DataFrame, see ``trials``.
        quality: float, an accuracy.

    Returns:
        DataFrame, a row a search: ``trials``, ``finished``, ``pruned``, ``failed``, ``epochs``,
        ``best`` (NaN where none finished), and ``epochs_until`` the quality (NaN if never).
    """
    import pandas as pd

    rows = {}
    for name, table in searches.items():
        states = {s: int((table["state"] == s).sum()) for s in ("finished", "pruned", "failed")}
        best = table["accuracy"][table["state"] == "finished"].max()
        spent = {"epochs": int(table["spent"].sum()), "best": best}
        until = epochs_until(table, quality)
        rows[name] = {"trials": len(table), **states, **spent, "epochs_until": until}
    return pd.DataFrame(rows).T.astype({"best": float, "epochs_until": float})


def replay(curves: pd.DataFrame, rule: str, order: Iterable[int], first: int = 1) -> pd.DataFrame:
    """Return what a search would have spent had trials been ended early.

    The trials must have been drawn at random, each run to its end: what comes next then does
    not depend on what was ended, so nothing has to be trained again.

    Args:
        curves: DataFrame of ``trial``, ``epoch``, ``accuracy`` and ``loss``, see ``tables``.
        rule: ``halving`` or ``median``, see ``sampling.pruner``; ``none``; or ``patience``: a
            trial ends when its loss has not fallen for two epochs, seed 002's early stop.
        order: trial numbers in the order in which they come.
        first: int, the first epoch at which a trial may be pruned.

    Returns:
        DataFrame of ``trial``, ``state``, ``accuracy`` and ``spent``, in that order. A trial
        that ran out of patience has finished: its answer stands.
    """
    import pandas as pd

    told = {trial: part.sort_values("epoch") for trial, part in curves.groupby("trial")}
    study = optuna.create_study(
        direction="maximize", pruner=sampling.pruner("none" if rule == "patience" else rule, first)
    )
    rows = []
    for trial in order:
        curve = told[trial]
        if rule == "patience":
            curve = curve[: _out_of_patience(curve["loss"].to_numpy())]
        rows.append({"trial": trial, **_replayed(study, curve)})
    return pd.DataFrame(rows)


def _replayed(study, curve):
    trial, accuracies = study.ask(), curve["accuracy"].tolist()
    for epoch, told in enumerate(zip(accuracies, curve["loss"], strict=True), start=1):
        trial.report(sampling.rank(*told), epoch)
        if epoch < len(accuracies) and trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return {"state": "pruned", "accuracy": told[0], "spent": epoch}
    study.tell(trial, sampling.rank(*told))
    return {"state": "finished", "accuracy": told[0], "spent": len(accuracies)}


def _out_of_patience(losses, patience=2):
    """Return after how many epochs the loss has not fallen for so many."""
    for epoch in range(patience, len(losses)):
        if epoch - int(np.argmin(losses[: epoch + 1])) >= patience:
            return epoch + 1
    return len(losses)


def savings(
    curves: pd.DataFrame,
    quality: float,
    rules: Sequence[str] = ("none", "patience", "median", "halving"),
    orders: int = 30,
    seed: int = 0,
    first: int = 1,
) -> pd.DataFrame:
    """Return what each rule would have spent on a random search, over orders of its trials.

    A rule can end the very trials that had the quality. Where no trial of it finishes, the
    search has to be repeated without the rule: such an order costs all that was spent, and then
    what a search of whole trials spends, in the same order, until it has the quality.

    Args:
        curves: see ``replay``.
        quality: float, the accuracy asked for.
        rules: names, see ``replay``.
        orders: int, how many orders of the trials are drawn; each rule sees the same ones.
        seed: int.
        first: see ``replay``.

    Returns:
        DataFrame, a row a rule, means over orders: ``epochs`` of all trials, ``epochs_until`` a
        trial of the quality finished, repeated searches included (to their ends where not even
        a whole trial has it), ``spread`` its standard deviation over orders, ``reached`` the
        share of orders in which the rule left such a trial, ``pruned``.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(curves["trial"].unique()) for _ in range(orders)]
    whole = [replay(curves, "none", order) for order in drawn]
    rows = {}
    for rule in rules:
        tables = [replay(curves, rule, order, first) for order in drawn]
        reached = [np.isfinite(epochs_until(table, quality)) for table in tables]
        cost = [_cost(*pair, quality) for pair in zip(tables, whole, strict=True)]
        spent = [table["spent"].sum() for table in tables]
        pruned = [(table["state"] == "pruned").sum() for table in tables]
        rows[rule] = {"epochs": np.mean(spent), "epochs_until": np.mean(cost),
                      "spread": np.std(cost), "reached": np.mean(reached),
                      "pruned": np.mean(pruned)}  # fmt: skip
    return pd.DataFrame(rows).T


def _cost(table, whole, quality):
    """Return the epochs until the quality, those of a repeated search included."""
    until, spent = epochs_until(table, quality), table["spent"].sum()
    if np.isfinite(until):
        return until
    if spent == whole["spent"].sum():
        return spent  # nothing was ended early: another search would be the same one
    again = epochs_until(whole, quality)
    return spent + (again if np.isfinite(again) else whole["spent"].sum())
