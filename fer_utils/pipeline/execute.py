"""Executes one notebook with papermill, in a kernel of this interpreter."""

import ast
import contextlib
import dataclasses
import itertools
import logging
import os
import tempfile
import traceback
from pathlib import Path

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import write_ipynb

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.pipeline import kernel
from fer_utils.pipeline.manifest import read_cells

INJECTED = "injected-parameters"  # papermill's tag of the cell that it adds


@dataclasses.dataclass
class NotebookFailed(Exception):
    """A notebook ended with an error.

    Args:
        cell: number of the cell in the notebook, from 1; None where it is not known.
        line: the first line of that cell.
        error: the last line of the error.
        path: the notebook as far as it was executed; None where it did not start.
    """

    cell: int | None
    line: str
    error: str
    path: object


@dataclasses.dataclass
class _Stream:
    """The file-like object through which papermill hands on what a notebook prints."""

    write: object

    def flush(self):
        """Do nothing: each write is shown at once."""


def check_parameters(path, parameters):
    """Raise FerError unless the notebook's ``parameters`` cell declares all of them."""
    cells = [c for c in read_cells(path) if "parameters" in c["metadata"].get("tags", [])]
    if not cells:
        raise FerError(f"{path}: no cell is tagged 'parameters'")
    try:
        tree = ast.parse(cells[0]["source"])
    except SyntaxError as error:
        raise FerError(f"{path}: its parameters cell is not Python: {error}") from error
    declared = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    missing = sorted(set(parameters) - declared)
    if missing:
        raise FerError(f"{path}: its parameters cell lacks {', '.join(missing)}")


def execute(path, output, parameters, display, lock=None):
    """Execute a notebook; the executed one appears whole, or not at all.

    Args:
        path: the notebook; its folder is the working directory.
        output: where the executed notebook goes. A failed one goes beside it, as
            ``NAME.failed.ipynb``.
        parameters: dict of what replaces the values of the cell tagged ``parameters``.
        display: has ``cell(number)`` for a cell that starts, ``current`` for the number of
            the last that did, and ``write(text)`` for what the notebook prints.
        lock: file descriptor that the kernel inherits, see ``lock.held``.

    Raises:
        NotebookFailed: a cell failed, the kernel died, or Jupyter could not start it.
        FerError: the output cannot be written.
    """
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it logs is raised too
    failed = output.with_suffix(".failed.ipynb")
    # Not beside the output: that may be a network drive, and long paths are no sockets' names.
    temporary = runs.folder_beside(Path(tempfile.gettempdir(), f"fer-{path.stem}"))
    with temporary as scratch, runs.whole_file(output) as part:
        try:
            manager = kernel.manager_class(lock, scratch)
            _papermill(path, part, parameters, display, manager)
        except (PapermillExecutionError, RuntimeError, OSError) as error:
            if _saving(error):
                raise
            runs.remove(failed)  # of an earlier run
            with contextlib.suppress(FileNotFoundError):
                os.replace(part, failed)
            runs.remove(output)  # what it shows may be overwritten by now
            raise _failure(error, path, failed, display.current) from error
    runs.remove(failed)


def _papermill(path, part, parameters, display, manager):
    number = itertools.count(1)

    def on_cell_start(cell, cell_index):
        if INJECTED not in cell.metadata.get("tags", []):
            display.cell(next(number))

    papermill.execute_notebook(
        path,
        part,
        parameters,
        kernel_name="python3",
        language="python",
        cwd=path.parent,
        progress_bar=False,
        start_timeout=180,
        stdout_file=_Stream(display.write),
        # What follows goes through papermill to nbclient.NotebookClient.
        coalesce_streams=True,
        iopub_timeout=120,
        kernel_manager_class=manager,
        shutdown_kernel="immediate",  # all is written: TensorFlow's own end takes seconds more
        on_cell_start=on_cell_start,
    )


def _saving(error):
    """Return whether papermill was writing the notebook, not executing it."""
    frames = traceback.walk_tb(error.__traceback__)
    return isinstance(error, OSError) and any(f.f_code is write_ipynb.__code__ for f, _ in frames)


def _failure(error, path, failed, number):
    """Return the NotebookFailed for what papermill or nbclient raised in cell ``number``."""
    source = read_cells(path)[number - 1]["source"] if number else ""
    line = next(iter(source.strip().splitlines()), "")
    return NotebookFailed(number, line, _words(error), failed if failed.exists() else None)


def _words(error):
    if isinstance(error, DeadKernelError):
        return "the kernel died; most often memory ran out: close programs or use less data"
    if isinstance(error, OSError):
        return f"Jupyter could not go on: {error or type(error).__name__}"
    if not isinstance(error, PapermillExecutionError):
        return f"the kernel did not start: {error}"
    if error.ename == FerError.__name__:
        return error.evalue.strip()  # says what to do, and needs no more
    lines = error.evalue.strip().splitlines() or [""]
    return f"{error.ename}: {lines[-1]}"
