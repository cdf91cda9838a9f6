"""Which process runs which trial, and what becomes of a trial whose process was killed."""

import time

import optuna
from optuna.trial import TrialState

from fer_utils import locks
from fer_utils.training.log import log

GRACE = 3600  # seconds without a sign after which another machine's trial is given up
_TRIES = 3  # of one trial, whose process is killed each time


def give_up_dead(study, tasks=()):
    """Try again what processes that exist no longer have left.

    Args:
        study: from ``open_study``.
        tasks: names of tasks whose processes are known to be lost, see ``searching.step``.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.user_attrs.get("task") in tasks or _dead(trial):
            try_again(study, trial)


def _dead(trial):
    owner = trial.user_attrs.get("process", "")
    ended = locks.has_ended(owner)
    if ended is not None:
        return ended or owner == locks.this_process()  # this one runs none at the moment
    seen = trial.user_attrs.get("seen", trial.datetime_start.timestamp())
    return time.time() - seen > GRACE


def try_again(study, trial):
    """Mark a trial as failed and put its values first in line, unless they were often there."""
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
        return  # another process was faster
    tries = trial.user_attrs.get("tries", 1)
    again = tries < _TRIES and bool(trial.params)
    if again:
        study.enqueue_trial(trial.params, user_attrs={"tries": tries + 1})
    log(f"trial {trial.number} was interrupted: {'tried again' if again else 'another is drawn'}")
