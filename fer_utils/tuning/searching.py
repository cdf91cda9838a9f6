"""Run the trials of a study, go on where a kill stopped it, leave room for other processes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from fer_utils.errors import FerError
from fer_utils.training.log import log
from fer_utils.tuning import tables
from fer_utils.tuning.processes import give_up_dead, try_again
from fer_utils.tuning.sampling import rank
from fer_utils.tuning.storage import database_errors

if TYPE_CHECKING:
    import pandas as pd
    from optuna import Study

    from fer_utils.tuning.objective import Objective

_HOPELESS = 3  # trials that fail at the start, none other before them


def search(
    study: Study,
    objective: Objective | Callable[..., object],
    trials: int | None = None,
    epochs: int | None = None,
) -> pd.DataFrame:
    """Run trials until the study has as many as asked, those of other processes included.

    A trial of a process that was killed is marked as failed and tried again; it is not counted.
    One whose loss is no number is pruned, one that raises FerError has failed, and both count.

    Args:
        study: from ``open_study``.
        objective: an Objective, or any function of a dict of values and of ``report`` with the
            Space as its attribute ``space``. It calls ``report(epoch, accuracy, loss, last)``
            after each epoch, from 1 on; what the last said is what the trial is worth.
        trials: int, how many to have in the end; None for no limit.
        epochs: int, begin no trial when so many are spent; None for no limit.

    Returns:
        DataFrame, a row a trial, see ``trials``.

    Raises:
        FerError: neither limit; the place cannot be read or written; or the first trials all
            failed, which is then no matter of chance.
    """
    if trials is None and epochs is None:
        raise FerError("a search needs an end: give the number of trials or of epochs")
    with database_errors():
        while step(study, objective, trials, epochs):
            pass
        others = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    if others:
        log(f"{study.study_name}: {len(others)} trials are still running in other processes")
    return tables.trials(study)


def step(study, objective, trials=None, epochs=None, task=None):
    """Run one trial unless there are enough; return whether one was run. See ``search``.

    Args:
        study: from ``open_study``.
        objective: an Objective.
        trials: int, see ``search``.
        epochs: int, see ``search``.
        task: str, a name that only this step and its repetitions have: where it is repeated, the
            process that ran it before is lost.
    """
    give_up_dead(study, [task] if task else ())
    trial = _ask(study, objective.space, trials, epochs)
    if trial is None:
        return False
    if task:
        trial.set_user_attr("task", task)
    _run(study, trial, objective)
    return True


def _ask(study, space, trials, epochs):
    """Return the next trial, None where there are enough."""
    counted = tables.own_trials(study)
    _check_hope(counted)
    if epochs is not None and sum(len(trial.intermediate_values) for trial in counted) >= epochs:
        return None
    if trials is not None and len(counted) >= trials:
        return None
    trial = study.ask(space.choices)
    before = sum(other.number < trial.number for other in tables.own_trials(study))
    if trials is not None and before >= trials:  # another process asked at the same time
        study.tell(trial, state=TrialState.FAIL)
        return None
    return trial


def _check_hope(counted):
    failed = [trial for trial in counted if trial.state == TrialState.FAIL]
    if len(failed) == len(counted) >= _HOPELESS:
        raise FerError(
            f"all of the first {len(failed)} trials failed, the last: "
            f"{failed[-1].user_attrs['problem']}"
        )


def _run(study, trial, objective):
    """Run one trial and record how it ended."""
    started, told = time.perf_counter(), {"accuracies": [], "losses": []}
    value, state, problem = None, TrialState.PRUNED, None
    try:
        objective(trial.params, _report(trial, told))
        value, state = rank(told["accuracies"][-1], told["losses"][-1]), TrialState.COMPLETE
    except optuna.TrialPruned as error:
        problem = str(error) or None
    except FerError as error:
        state, problem = TrialState.FAIL, str(error)
    except optuna.exceptions.UpdateFinishedTrialError:
        log(f"trial {trial.number} was given up by another process: see processes.GRACE")
        return
    except KeyboardInterrupt:
        try_again(study, trial)
        raise
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    said = {**told, "seconds": round(time.perf_counter() - started, 2)}
    for key, entry in (said | ({"problem": problem} if problem else {})).items():
        trial.set_user_attr(key, entry)
    study.tell(trial, value, state=state)
    log(_line(study, trial.number))


def _report(trial, told):
    """Return the function that takes down an epoch and ends what is not worth another."""

    def report(epoch, accuracy, loss, last=False):
        if not math.isfinite(loss):
            raise optuna.TrialPruned(f"the loss is {loss} in epoch {epoch}")
        told["accuracies"].append(accuracy)
        told["losses"].append(loss)
        trial.report(rank(accuracy, loss), epoch)
        trial.set_user_attr("seen", time.time())
        if not last and trial.should_prune():
            raise optuna.TrialPruned

    return report


def _line(study, number):
    trial = study.get_trials(deepcopy=False)[number]
    how = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}.get(trial.state, "failed")
    value = "" if trial.value is None else f", {trial.value:.3f}"
    line = f"{study.study_name} {number:3d}: {how} after {len(trial.intermediate_values)} epochs"
    done = [t.value for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
    best = f", best {max(done):.3f}" if done else ""
    said = f" ({trial.user_attrs['problem']})" if "problem" in trial.user_attrs else ""
    return line + value + best + said
