"""Puts a kernel's files beside those that are here, without losing any of either."""

import os
import shutil
import time

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.kaggle import record
from fer_utils.submission import ledger

LEDGER = "submissions/leaderboard.csv"


def plan(root, noted, replace):
    """Return what has to be put aside for a kernel's files: paths relative to the root.

    Args:
        root: the folder of ``runs/`` and ``submissions/``.
        noted: the record.
        replace: whether local work may be put aside.

    Raises:
        FerError: local work is in the way, which is named, and ``replace`` is not given.
    """
    run_dir = root / noted["run"] if noted["run"] else None
    kept = [noted["run"]] if run_dir and run_dir.exists() and _own_work(root, noted) else []
    kept += [name for name in _submissions(noted) if _differs(root / name, noted["files"][name])]
    if kept and not replace:
        raise FerError(
            f"{', '.join(kept)}: changed here, or never pulled: add --replace to put Kaggle's in "
            "place; what is here is kept in runs/kaggle/replaced"
        )
    return kept


def _submissions(noted):
    return [n for n in sorted(noted["files"]) if n.startswith("submissions/") and n != LEDGER]


def _differs(path, facts):
    return path.exists() and record.sha256(path) != facts[2]


def _own_work(root, noted):
    """Return whether the run folder holds anything but what the last pull put there."""
    before = record.read(_note(root / "runs" / "kaggle", noted["run"]))
    pulled = before["files"] if before else noted["files"]
    run_dir = root / noted["run"]
    for folder, folders, files in os.walk(run_dir):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (n for n in files if not n.startswith(".")):
            path = os.path.join(folder, name)
            facts = pulled.get(os.path.relpath(path, root).replace(os.sep, "/"))
            if facts is None or os.path.getsize(path) != facts[0]:
                return True
            if record.sha256(path) != facts[2]:
                return True
    return False


def _note(home, run):
    return home / f"{run.rsplit('/', 1)[-1]}.json"


def place(root, home, noted, kept):
    """Put everything into its place, and note it.

    Args:
        root: the folder of ``runs/`` and ``submissions/``.
        home: where the files wait, in ``waiting``, and replaced work is kept.
        noted: the record.
        kept: from ``plan``.
    """
    waiting = home / "waiting"
    try:
        _prune(waiting, noted["files"])
        for name in kept:
            _aside(root / name, home)
        if noted["run"]:
            _place_run(root / noted["run"], waiting / noted["run"], home)
            runs.write_json(_note(home, noted["run"]), noted)
        for name in _submissions(noted):
            if not (root / name).exists():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(waiting / name, root / name)
        _merge_ledger(root / LEDGER, waiting / LEDGER)
        shutil.rmtree(waiting)
    except OSError as error:
        raise runs.writing_error(error.filename or root, error) from error


def _prune(waiting, files):
    # What an interrupted call fetched of an earlier kernel.
    for path in [path for path in (waiting / "runs").rglob("*") if path.is_file()]:
        if path.relative_to(waiting).as_posix() not in files:
            path.unlink()


def _place_run(run_dir, arrived, home):
    if not arrived.exists():  # by a call that was interrupted after this
        return
    old = home / f"old-{run_dir.name}"
    shutil.rmtree(old, ignore_errors=True)
    if run_dir.exists():
        os.replace(run_dir, old)
    run_dir.parent.mkdir(parents=True, exist_ok=True)
    os.replace(arrived, run_dir)
    shutil.rmtree(old, ignore_errors=True)


def _aside(path, home):
    if path.exists():
        kept = home / "replaced" / f"{time.strftime('%Y%m%d-%H%M%S')}-{path.name}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, kept)


def _merge_ledger(path, arrived):
    """Take over the rows of what a kernel made; a score that Kaggle gave to the same row stays."""
    here = {row["file"]: row for row in ledger.read_ledger(path)}
    for row in ledger.read_ledger(arrived):
        old = here.get(row["file"])
        if old is None or (old | {"kaggle": ""}) != row:
            here[row["file"]] = row
    if here:
        ledger.write_ledger(path, here.values())
