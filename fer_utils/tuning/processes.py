"""Which process runs which trial, and what becomes of a trial whose process was killed."""

import os
import platform
import time
from pathlib import Path

import optuna
from optuna.trial import TrialState

from fer_utils import runs
from fer_utils.training.log import log

GRACE = 3600  # seconds without a sign after which another machine's trial is given up
_TRIES = 3  # of one trial, whose process is killed each time


def this_process():
    """Return machine and number of this process, for example ``box 5f2c41d0:4711``."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:  # not Linux
        booted = ""
    return f"{platform.node()} {booted}:{os.getpid()}"  # names alone are not unique


def give_up_dead(study):
    """Try again what processes that exist no longer have left."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _dead(trial):
            try_again(study, trial)


def _dead(trial):
    machine, number = this_process().rsplit(":", 1)
    owner = trial.user_attrs.get("process", "")
    if owner.startswith(f"{machine}:"):
        pid = int(owner.rsplit(":", 1)[1])
        return pid == int(number) or not runs.alive(pid)  # this one runs none at the moment
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
