"""Plans which notebooks have to run, and why."""

import dataclasses

from rich.text import Text

from fer_utils.errors import FerError
from fer_utils.pipeline import suite as suites


@dataclasses.dataclass(frozen=True)
class Step:
    """One notebook of a plan.

    Args:
        notebook: the Notebook.
        reason: why it has to run; None where it is up to date.
    """

    notebook: suites.Notebook
    reason: str | None


def plan(manifests, suite, only=(), start=None, force=False):
    """Return the Steps of a run, in order.

    Args:
        manifests: the Manifests of the run folder.
        suite: the table of notebooks.
        only: these notebooks and what they need; empty for all.
        start: this notebook and what comes after it.
        force: run the chosen ones even where they are up to date.

    Raises:
        FerError: an unknown notebook; one before ``start`` is needed and has not run; no
            notebook is left.
    """
    order = suites.ordered(suite)
    named = {suites.named(suite, text).name for text in only} or {n.name for n in order}
    chosen = suites.with_needs(suite, named)
    if start is not None:
        names = [notebook.name for notebook in order]
        chosen &= set(names[names.index(suites.named(suite, start).name) :])
    if not chosen:
        raise FerError(f"nothing to run: {', '.join(sorted(named))} before --from {start}")
    steps, running = [], set()
    for notebook in (n for n in order if n.name in chosen):
        _check_needs(notebook, chosen, manifests)
        forced = force and notebook.name in named
        reason = _reason(notebook, running, forced, manifests)
        running |= {notebook.name} if reason else set()
        steps.append(Step(notebook, reason))
    return steps


def _reason(notebook, running, forced, manifests):
    again = sorted(running.intersection((*notebook.needs, *notebook.uses)))
    reason = manifests.reason(notebook)  # first, as it notices a missing notebook
    if forced:
        return "--force"
    return reason if reason or not again else f"{again[0]} runs first"


def _check_needs(notebook, chosen, manifests):
    for need in notebook.needs:
        if need not in chosen and manifests.read(need) is None:
            raise FerError(f"{notebook.name} needs {need}, which has not run: leave out --from")


def ready(waiting, running):
    """Return the steps for which nothing they need, or show, is still to end."""
    ahead, free = {step.notebook.name for step in running}, []
    for step in waiting:
        if not ahead.intersection((*step.notebook.needs, *step.notebook.uses)):
            free.append(step)
        ahead.add(step.notebook.name)
    return free


def show(steps, console):
    """Print a plan."""
    width = max(len(step.notebook.name) for step in steps)
    for step in steps:
        what = f"run   {step.reason}" if step.reason else "skip  up to date"
        console.print(Text(f"{step.notebook.name:{width}}  {what}"), soft_wrap=True)
