"""What is trained, and for how many epochs, so that it ends within the budget."""

import dataclasses

from fer_utils.errors import FerError

NETWORKS = ("vgg_gap", "se_resnet", "wide_short")  # unlike each other: an ensemble gains by it
SMALL = "compact"
LEAST, MOST = 12, 100  # epochs that a network of several gets
ALONE = 4  # epochs that are the least for one network by itself
SPARE = 0.9  # share of the time left that is given away: the rest is for what runs slower


@dataclasses.dataclass(frozen=True)
class Job:
    """One network to train.

    Args:
        key: its folder under the run folder.
        network: its registered name.
        seed: int.
        length: how many epochs it gets for each of the others'.
        distilled: whether it learns what the members say.
    """

    key: str
    network: str
    seed: int
    length: int = 1
    distilled: bool = False


def jobs_for(members, seed=0):
    """Return the Jobs for so many members, then the two distilled networks.

    Raises:
        FerError: fewer than one member.
    """
    if members < 1:
        raise FerError(f"--members {members}: at least 1 is needed")
    kinds = [NETWORKS[i % len(NETWORKS)] for i in range(members)]
    made = [Job(f"member{i + 1}", kind, seed + i) for i, kind in enumerate(kinds)]
    best = Job("v8_distilled", NETWORKS[0], seed + members, distilled=True)
    small = Job("small", SMALL, seed + members + 1, length=2, distilled=True)
    return [*made, best, small]


def epochs_for(jobs, costs, left, taught=False):
    """Return which of the Jobs still go into the time left, and for how many epochs each.

    Members are given up, the last first, until each network gets ``LEAST`` epochs; where that
    does not help, all but the first Job, which then needs no more than ``ALONE``.

    Args:
        jobs: the Jobs that have not begun, in order; at least one.
        costs: dict of network name to ``(seconds an epoch, seconds for its answers)``.
        left: seconds.
        taught: whether a member is trained already, so that the distilled ones need no other.

    Returns:
        ``(jobs, epochs)``: the Jobs that are left, and int, the epochs of a Job of length 1,
        ``MOST`` at most.

    Raises:
        FerError: not even one network has time for ``ALONE`` epochs; it says what is lacking.
    """
    for kept in _fewer_and_fewer(jobs, taught):
        epochs = _epochs(kept, costs, left)
        if epochs >= (LEAST if len(kept) > 1 else ALONE):
            return kept, min(epochs, MOST)
    job = jobs[0]
    epoch, answers = costs[job.network]
    lacking = (ALONE * epoch * job.length + answers) / SPARE - left
    raise FerError(
        f"the budget is too small for one network: {ALONE} epochs of {job.network} need "
        f"{lacking / 60:.1f} minutes more on this machine; give a larger --budget"
    )


def _fewer_and_fewer(jobs, taught):
    members = [job for job in jobs if not job.distilled]
    distilled = [job for job in jobs if job.distilled]
    for count in range(len(members), 0 if members and not taught else -1, -1):
        if members[:count] + distilled:
            yield members[:count] + distilled
    yield jobs[:1]


def _epochs(jobs, costs, left):
    answers = sum(costs[job.network][1] for job in jobs)
    an_epoch = sum(costs[job.network][0] * job.length for job in jobs)
    return int((left * SPARE - answers) / an_epoch)
