"""Puts what a run printed and drew into the notebooks themselves, to be committed."""

import nbformat

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.pipeline.execute import INJECTED
from fer_utils.pipeline.manifest import FOLDER


def copy(run_dir, suite, folder):
    """Copy the outputs of a run into the notebooks; their cells stay as they are.

    Args:
        run_dir: the run folder.
        suite: the table of notebooks.
        folder: where the notebooks are.

    Returns:
        list of the Paths that changed.

    Raises:
        FerError: a notebook has not run, or has changed since; nothing is written then.
    """
    filled = {}
    for notebook in suite:
        path = folder / f"{notebook.name}.ipynb"
        executed = run_dir / FOLDER / path.name
        if not executed.exists():
            raise FerError(f"{executed} is missing: run the notebooks first")
        filled[path] = _filled(path, executed)
    changed = [path for path, text in filled.items() if path.read_text(encoding="utf-8") != text]
    for path in changed:
        runs.write_text(path, filled[path])
    return changed


def _filled(path, executed):
    notebook = nbformat.read(path, as_version=4)
    ran = [
        c for c in nbformat.read(executed, 4).cells if INJECTED not in c.metadata.get("tags", [])
    ]
    if [cell.source for cell in ran] != [cell.source for cell in notebook.cells]:
        raise FerError(f"{path} has changed since it ran: run the notebooks first")
    count = 0
    for cell, done in zip(notebook.cells, ran, strict=True):
        if cell.cell_type == "code":
            count += bool(cell.source.strip())
            # Counted anew, as the cell that papermill added had a number too.
            cell.execution_count = count if cell.source.strip() else None
            cell.outputs = [_numbered(output, count) for output in done.outputs]
    return nbformat.writes(notebook) + "\n"


def _numbered(output, count):
    if output.output_type == "execute_result":
        output.execution_count = count
    return output
