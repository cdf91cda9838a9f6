"""Runs the trials of a search on many machines, by Ray; see ``pipeline.cluster``."""

import uuid

from fer_utils.pipeline.cluster import connected, task_of
from fer_utils.training.log import log
from fer_utils.tuning.processes import give_up_dead
from fer_utils.tuning.searching import search as search_here
from fer_utils.tuning.searching import step
from fer_utils.tuning.tables import trials as trials_of


def search(opened, objective, trials, address=None, profile="cpu"):
    """Have the trials of a search run as Ray tasks; a study that others left goes on.

    Args:
        opened: function that opens the study, see ``open_study``; its place is a file on the
            shared drive, or a database.
        objective: the ``Objective``; it travels to each machine once.
        trials: int, how many the study has in the end.
        address: see ``pipeline.cluster.engine``.
        profile: see ``pipeline.cluster.engine``.

    Returns:
        DataFrame, see ``tuning.search``, and so for what it raises.

    Example:
        >>> opened = functools.partial(tuning.open_study, place, "tpe", objective.identity)
        >>> table = search(opened, objective, trials=50, address="10.0.0.1:6379")
    """
    names = [uuid.uuid4().hex for _ in range(trials - len(trials_of(opened())))]
    with connected(address, profile) as ray:
        task, shared = task_of(ray, _one_trial, profile), ray.put(objective)
        try:
            ray.get([task.remote(opened, shared, trials, name) for name in names])
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None  # what went wrong in a trial would go wrong here too
        except ray.exceptions.RayError as error:
            log(f"machines were lost, the rest of the trials run here: {error}")
    give_up_dead(opened(), names)  # with the connection, Ray has ended what still ran
    return search_here(opened(), objective, trials)  # what is missing, here


def _one_trial(opened, objective, trials, name):
    step(opened(), objective, trials, task=name)
