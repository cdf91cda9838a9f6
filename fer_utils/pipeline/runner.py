"""Runs the notebooks that have to run, and says what came out."""

import os
import time

from rich.console import Console
from rich.text import Text

from fer_utils import paths
from fer_utils.errors import FerError
from fer_utils.pipeline import display as displays
from fer_utils.pipeline import lock, planning, results
from fer_utils.pipeline import suite as suites
from fer_utils.pipeline.manifest import FOLDER, Manifests, read_cells

NOTEBOOKS = paths.PROJECT / "notebooks"


def check_run_dir(run_dir, folder):
    """Raise FerError where executed notebooks would replace the notebooks themselves.

    Args:
        run_dir: the run folder.
        folder: where the notebooks are.
    """
    executed = run_dir / FOLDER
    if executed.exists() and folder.exists() and executed.samefile(folder):
        raise FerError(
            f"{run_dir} holds the notebooks themselves, which executed ones would replace: "
            "choose another folder with --run"
        )


def run(
    settings,
    suite=suites.SUITE,
    folder=NOTEBOOKS,
    only=(),
    start=None,
    force=False,
    dry_run=False,
    console=None,
    engine=None,
):
    """Run the notebooks that are not up to date, then write the report.

    Args:
        settings: the Settings, see ``fer_utils.settings.resolve``.
        suite: the table of notebooks.
        folder: where the notebooks are.
        only: run these and what they need; empty for all.
        start: run this one and what comes after it.
        force: run also what is up to date.
        dry_run: only print the plan.
        console: rich Console to print on.
        engine: runs the steps, see ``cluster.engine``; None for one after the other, here.

    Returns:
        int, the exit code: 0 if all ended well, 1 if a notebook failed.

    Raises:
        FerError: anything that stops the run as a whole.
    """
    console = console or Console(highlight=False)
    if not folder.is_dir():
        raise FerError(f"{folder} is missing: run this in a clone of the project")
    check_run_dir(settings.run_dir, folder)
    manifests = Manifests(settings, folder)
    if dry_run:
        planning.show(planning.plan(manifests, suite, only, start, force), console)
        return 0
    with lock.held(settings.run_dir) as descriptor:
        steps = planning.plan(manifests, suite, only, start, force)
        console.print(Text(_headline(settings)), soft_wrap=True)
        if settings.root and any(step.reason for step in steps):
            settings.load()  # damaged data stop the run here, once, not each notebook
        failures = _run_steps(steps, manifests, console, descriptor, engine)
        results.conclude(settings.run_dir, suite, console, complete=not failures)
    return 1 if failures else 0


def _headline(settings):
    return (
        f"data {settings.root or settings.dataset}, profile {settings.profile.name}, "
        f"seed {settings.seed}, run {results.short(settings.run_dir)}"
    )


def _run_steps(steps, manifests, console, descriptor, engine):
    names = [step.notebook.name for step in steps]
    _check_all(steps, manifests)
    make = displays.PlainDisplay if engine else displays.make  # the live one shows one at a time
    with make(console, names) as display:
        failures = (engine or _in_turn)(steps, manifests, display, descriptor)
    for name, failure in failures.items():
        if failure:
            _print_failure(name, failure, console)
    return any(failures.values())


def _in_turn(steps, manifests, display, descriptor):
    """Run the steps one after the other, here; an engine does the same elsewhere.

    Returns:
        dict of the notebooks that did not end well: name to the NotebookFailed, or to None
        where one that it needs did not, or a library is missing.
    """
    failures = {}
    for step in steps:
        if not settled(step, failures, display):
            failure = _run_one(step, manifests, display, descriptor)
            if failure:
                failures[step.notebook.name] = failure
    return failures


def settled(step, failures, display):
    """Show a step that is not to be run; return whether it is such a one."""
    name = step.notebook.name
    missing = [need for need in step.notebook.needs if need in failures]
    if missing:
        failures[name] = None
        display.end(name, "not run", f"needs {missing[0]}")
    elif step.reason is None:
        display.end(name, "up to date")
    elif lacking := step.notebook.lacking():
        failures[name] = None
        display.end(name, "not run", f"{lacking} is not installed")
    return name in failures or step.reason is None


def _check_all(steps, manifests):
    # Before hours of training, not after: does each notebook take what it will be given?
    if any(step.reason for step in steps):
        from fer_utils.pipeline import execute  # a second or two: only where it is needed

        for step in steps:
            path = manifests.folder / f"{step.notebook.name}.ipynb"
            execute.check_parameters(path, parameters(manifests.settings))


def parameters(settings):
    """Return what each notebook of a run is given in place of its own parameters."""
    return {
        "DATA": str(settings.root) if settings.root else "synthetic",
        "PROFILE": settings.profile.name,
        "RUN_DIR": os.path.abspath(settings.run_dir),
        "SEED": settings.seed,
    }


def _run_one(step, manifests, display, descriptor):
    from fer_utils.pipeline import execute

    name = step.notebook.name
    path = manifests.folder / f"{name}.ipynb"
    output = manifests.executed / f"{name}.ipynb"
    began, failure = time.monotonic(), None
    begin(step, manifests, display)
    try:
        execute.execute(path, output, parameters(manifests.settings), display, descriptor)
    except execute.NotebookFailed as error:
        failure = error
    conclude(name, failure, time.monotonic() - began, manifests, display)
    return failure


def begin(step, manifests, display):
    """Note and show that a notebook begins."""
    name = step.notebook.name
    display.start(name, len(read_cells(manifests.folder / f"{name}.ipynb")))
    manifests.begin(step.notebook)


def conclude(name, failure, seconds, manifests, display):
    """Note and show how a notebook ended: with a NotebookFailed, or None."""
    if failure is None:
        manifests.finish(name, seconds)
        display.end(name, "done", displays.duration(seconds))
    else:
        where = f"in cell {failure.cell}" if failure.cell else "before its first cell"
        cells = len(read_cells(manifests.folder / f"{name}.ipynb"))
        display.end(name, "failed", f"{where}/{cells}" if failure.cell else where)


def _print_failure(name, failure, console):
    where = f"cell {failure.cell}" if failure.cell else "no cell"
    lines = [
        "",
        f"{name} failed in {where}{f': {failure.line}' if failure.line else ''}",
        f"  {failure.error}",
        f"  as far as it was executed: {results.short(failure.path)}" if failure.path else None,
        "  mend the cause and run the same command: what is done is not run again",
    ]
    style = ["", "bold red", "red", "", ""]
    for line, look in zip(lines, style, strict=True):
        if line is not None:
            console.print(Text(line, look), soft_wrap=True)
