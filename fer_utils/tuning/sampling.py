"""Who proposes the next trial, and who ends one early."""

import time
import warnings

import numpy as np
import optuna

from fer_utils import locks
from fer_utils.errors import FerError

SAMPLERS = ("tpe", "random")
PRUNERS = ("halving", "median", "none")
_FACTOR = 3  # one trial in three passes a rung


class ByNumber(optuna.samplers.BaseSampler):
    """A sampler whose draws for a trial follow from the seed and the trial's number alone.

    A study that continues, or that several processes share, would else draw its first trials
    again. TPE goes by the trials before, too.

    Args:
        make: function of a seed that returns the sampler to ask.
        seed: int.
    """

    def __init__(self, make, seed):
        self._make, self._seed = make, seed
        self._number, self._sampler = None, None

    def _of(self, trial):
        if trial.number != self._number:
            seed = np.random.SeedSequence([self._seed, trial.number]).generate_state(1)[0]
            self._number, self._sampler = trial.number, self._make(int(seed))
        return self._sampler

    def before_trial(self, study, trial):
        """Sign the trial with this process, before anything can end it unsigned."""
        for key, value in {"process": locks.this_process(), "seen": time.time()}.items():
            study._storage.set_trial_user_attr(trial._trial_id, key, value)
        self._of(trial).before_trial(study, trial)

    def infer_relative_search_space(self, study, trial):
        """Return the hyper-parameters that are drawn together."""
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        """Draw those."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        """Draw one of the others."""
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)


def rank(accuracy, loss):
    """Return what trials are compared by: the accuracy, and where it is equal the lower loss.

    Most trials of seed 002's space give one constant answer, so their accuracies are equal and
    no pruner can tell them apart; their losses do. The difference is at most 0.0001.
    """
    return accuracy - 1e-6 * min(loss, 100)


def sampler(name, seed, startup):
    """Return the sampler of this name.

    Args:
        name: ``tpe``, or ``random`` as Talos searched.
        seed: int.
        startup: int, trials that TPE draws at random before it goes by them.

    Raises:
        FerError: no such sampler.
    """
    if name == "random":
        return ByNumber(lambda drawn: optuna.samplers.RandomSampler(seed=drawn), seed)
    if name != "tpe":
        raise FerError(f"no sampler {name!r}: there are {', '.join(SAMPLERS)}")
    return ByNumber(lambda drawn: _tpe(drawn, startup), seed)


def _tpe(seed, startup):
    options = {"seed": seed, "n_startup_trials": startup}
    with warnings.catch_warnings():
        # What is the default of Optuna 5 was called experimental in 4.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(multivariate=True, constant_liar=True, **options)


def pruner(name, first=1):
    """Return the pruner of this name.

    ``halving`` is successive halving in its asynchronous form: at epochs ``first``, three times
    that, and so on, the best third so far passes, see ``rank``. ``median`` ends what is worse
    than half of the finished trials were. In seed 002's space more than half of the trials give
    a constant answer, so the better ones of those pass the median.

    Args:
        name: ``halving``, ``median`` or ``none``.
        first: int, the first epoch at which a trial may be ended.

    Raises:
        FerError: no such pruner.
    """
    pruners = optuna.pruners
    if name == "halving":
        return pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=_FACTOR)
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=first)
    if name != "none":
        raise FerError(f"no pruner {name!r}: there are {', '.join(PRUNERS)}")
    return pruners.NopPruner()
