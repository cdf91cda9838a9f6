"""What is trained, and for how many epochs, so that it ends within the budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from fer_utils import models
from fer_utils.errors import FerError

NETWORKS = ("vgg_gap", "se_resnet", "wide_short")  # unlike each other: an ensemble gains by it
SMALL = "compact"
# A judgement, not measured: below some twenty epochs, longer training is worth more than a member.
MIN_EPOCHS, MAX_EPOCHS = 20, 100  # that a network of several gets
MIN_EPOCHS_ALONE = 4  # of one network by itself
USED = 0.9  # share of the time left that is given away: the rest is for what runs slower
_DISTILLED_SEED = 1000  # above the members': the same however many of these there are


@dataclasses.dataclass(frozen=True)
class Job:
    """One network to train.

    Args:
        key: its folder under the run folder.
        network: its registered name.
        seed: int.
        epoch_factor: how many epochs it gets for each of the others'.
        distilled: whether it learns what the members say.
    """

    key: str
    network: str
    seed: int
    epoch_factor: int = 1
    distilled: bool = False


def jobs_for(members: int, seed: int = 0) -> list[Job]:
    """Return the Jobs for so many members, then the two distilled networks.

    Raises:
        FerError: fewer than no members.
    """
    if members < 0:
        raise FerError(f"--members {members}: give 0 or more")
    kinds = [NETWORKS[i % len(NETWORKS)] for i in range(members)]
    made = [Job(f"member{i + 1}", kind, seed + i) for i, kind in enumerate(kinds)]
    later = seed + _DISTILLED_SEED
    best = Job("v8_distilled", NETWORKS[0], later, distilled=True)
    small = Job("small", SMALL, later + 1, epoch_factor=2, distilled=True)
    return [*made, best, small]


def recipe_for(network, profile, epochs):
    """Return the Recipe that a network is trained by: v8's, on a GPU with larger batches.

    Args:
        network: its registered name.
        profile: the Settings' Profile.
        epochs: int.
    """
    if profile.name != "gpu":
        return models.recipe(network, epochs=epochs)
    # The rate grows with the root of the batch, as for Adam: https://arxiv.org/abs/2205.10287
    return models.recipe(network, epochs=epochs, batch=256, learning_rate=2e-3)


def epochs_for(
    jobs: list[Job],
    costs: Mapping[str, Sequence[float]],
    left: float,
    trained: int = 0,
    most: int = MAX_EPOCHS,
    least: int | None = None,
) -> tuple[list[Job], int]:
    """Return which of the Jobs still go into the time left, and for how many epochs each.

    Members are given up, the last first, until each network gets ``MIN_EPOCHS``; then the
    distilled network, which learns nothing new from a single member, then the small one.

    Args:
        jobs: the Jobs that have not begun, in order; at least one.
        costs: dict of network name to ``(seconds an epoch, seconds for its answers)``.
        left: seconds.
        trained: int, members that are trained already.
        most: int, epochs at most.
        least: int, epochs that each gets at least; None for ``MIN_EPOCHS``, and of a single
            network ``MIN_EPOCHS_ALONE``.

    Returns:
        ``(jobs, epochs)``: the Jobs that are left, and int, the epochs of a Job of factor 1.
        None of them and 0 where some are trained and there is no time for another.

    Raises:
        FerError: not even one network has time for ``MIN_EPOCHS_ALONE``, or for ``least``; it says
            what is lacking.
    """
    wanted, alone = (min(least or usual, most) for usual in (MIN_EPOCHS, MIN_EPOCHS_ALONE))
    for kept in _fewer_and_fewer(jobs, trained):
        epochs = min(_epochs(kept, costs, left), most)
        if epochs >= wanted:
            return kept, epochs
    epochs = min(_epochs(jobs[:1], costs, left), most)
    if trained:
        return [], 0
    if epochs < alone:
        raise FerError(_lacking(jobs[0], alone, costs, left))
    return jobs[:1], epochs


def seconds_of(job, epochs, costs):
    """Return what a Job takes, its answers too."""
    an_epoch, answers = costs[job.network]
    return an_epoch * epochs + answers


def _fewer_and_fewer(jobs, trained):
    members = [job for job in jobs if not job.distilled]
    distilled = [job for job in jobs if job.distilled]
    for count in range(len(members), -1, -1):
        if trained + count > 1 and members[:count] + distilled:
            yield members[:count] + distilled
    small = [job for job in distilled if job.key == "small"]
    for count in range(min(len(members), max(2 - trained, 0)), -1, -1):
        for students in (small, []):
            if trained + count and members[:count] + students:
                yield members[:count] + students


def _epochs(jobs, costs, left):
    answers = sum(costs[job.network][1] for job in jobs)
    an_epoch = sum(costs[job.network][0] * job.epoch_factor for job in jobs)
    return int((left * USED - answers) / an_epoch)


def _lacking(job, epochs, costs, left):
    lacking = seconds_of(job, epochs, costs) / USED - left
    return (
        f"the budget is too small for one network: {epochs} epochs of {job.network} "
        f"need {lacking / 60:.1f} minutes more on this machine; give a larger --budget"
    )
