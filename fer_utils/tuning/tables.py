"""A study as tables."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from optuna.trial import TrialState

from fer_utils.errors import FerError

if TYPE_CHECKING:
    import pandas as pd
    from optuna import Study

_STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}
_TARGETS = {
    "accuracy": lambda trial: _told(trial)[-1][0],
    "loss": lambda trial: math.log(max(_told(trial)[-1][1], 1e-9)),
}


def trials(study: Study) -> pd.DataFrame:
    """Return what came of each trial, in their order.

    Trials that were interrupted are left out: each was tried again, or another in its place.

    Returns:
        DataFrame: ``trial``, ``state`` (``finished``, ``pruned``, ``failed`` or ``running``),
        ``accuracy`` (the last epoch's, NaN where there is none), ``spent`` (epochs), ``seconds``,
        ``problem``, then a column a hyper-parameter.
    """
    import pandas as pd

    rows = [
        {
            "trial": trial.number,
            "state": _STATES[trial.state],
            "accuracy": next((accuracy for accuracy, _ in _told(trial)[-1:]), math.nan),
            "spent": len(trial.intermediate_values),
            "seconds": trial.user_attrs.get("seconds"),
            "problem": trial.user_attrs.get("problem", ""),
            **trial.params,
        }
        for trial in own_trials(study)
    ]
    return pd.DataFrame(rows)


def curves(study: Study) -> pd.DataFrame:
    """Return the held-out accuracy and loss of each ended trial after each epoch.

    Returns:
        DataFrame: ``trial``, ``epoch`` from 1, ``accuracy``, ``loss``, ``state`` of the trial.
    """
    import pandas as pd

    columns = ["trial", "epoch", "accuracy", "loss", "state"]
    rows = [
        (trial.number, epoch, accuracy, loss, _STATES[trial.state])
        for trial in own_trials(study)
        for epoch, (accuracy, loss) in enumerate(_told(trial), start=1)
    ]
    return pd.DataFrame(rows, columns=columns)


def best_values(study: Study) -> dict[str, Any]:
    """Return the values of the finished trial with the highest accuracy, the first of equals.

    Raises:
        FerError: no trial has finished.
    """
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not finished:
        raise FerError(f"no trial of {study.study_name!r} has finished: search on")
    return max(finished, key=operator.attrgetter("value")).params


def importance(study: Study, of: str = "accuracy") -> pd.Series:
    """Return the share of the variance that each hyper-parameter explains (fANOVA).

    By the finished trials alone. Of a few dozen it is a hint, no measurement.

    Args:
        study: from ``open_study``.
        of: ``accuracy``, or ``loss`` for the variance of its logarithm: it tells apart the
            trials of seed 002's space, most of which are equally inaccurate.

    Returns:
        Series that sums to 1, largest first.

    Raises:
        FerError: fewer than two finished trials, or all alike.
    """
    import pandas as pd
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    target = _TARGETS[of]
    if len({target(trial) for trial in finished}) < 2:
        raise FerError(f"importance needs two finished trials of different {of}: search on")
    evaluator = FanovaImportanceEvaluator(seed=0)
    shares = get_param_importances(study, evaluator=evaluator, target=target)
    return pd.Series(shares, name="importance")


def own_trials(study):
    """Return Optuna's trials that run or have ended by themselves, not by a kill."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    every = study.get_trials(deepcopy=False)
    return [trial for trial in every if trial.state in states or "problem" in trial.user_attrs]


def _told(trial):
    """Return a list of accuracy and loss, a pair an epoch; empty while it runs."""
    if not trial.state.is_finished():
        return []  # its process may have written one of the two lists, not yet the other
    told = (trial.user_attrs.get(name, []) for name in ("accuracies", "losses"))
    return list(zip(*told, strict=True))
