"""Puts a kernel's files beside those that are here, without losing any of either."""

import os
import shutil
import time
from pathlib import Path

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
    home = root / "runs" / "kaggle"
    # A call that was interrupted may have put a run into its place without noting it.
    known = {run: (noted["files"], _pulled(home, run, noted)) for run in _runs(noted)}
    kept = [run for run, lists in known.items() if _own_work(root, run, lists)]
    pulled = _pulled(home, noted["run"], noted)
    kept += [name for name in _submissions(noted) if _changed(root / name, name, noted, pulled)]
    if kept and not replace:
        raise FerError(
            f"{', '.join(kept)}: changed here, or never pulled: add --replace to put Kaggle's in "
            "place; what is here is kept in runs/kaggle/replaced"
        )
    return kept


def _submissions(noted):
    return [n for n in sorted(noted["files"]) if n.startswith("submissions/") and n != LEDGER]


def _runs(noted):
    """Return the run folders, ``runs/<run>``, that a kernel left: earlier ones come along."""
    return sorted({"/".join(n.split("/")[:2]) for n in noted["files"] if n.startswith("runs/")})


def _pulled(home, run, noted):
    """Return the list of files of the last pull of a run; of this one where there was none."""
    before = record.read(_note(home, run)) if run else None
    return before["files"] if before else noted["files"]


def _changed(path, name, noted, pulled):
    known = [files[name][2] for files in (noted["files"], pulled) if name in files]
    return path.exists() and record.sha256(path) not in known


def _own_work(root, run, lists):
    """Return whether a run folder holds anything but what the lists of pulled files name."""
    for folder, folders, files in os.walk(root / run):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(folder, name) for name in files if not name.startswith(".")):
            name = path.relative_to(root).as_posix()
            facts = [known[name] for known in lists if name in known]
            if path.stat().st_size not in [size for size, _, _ in facts]:
                return True
            if record.sha256(path) not in [digest for _, _, digest in facts]:
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
        arrived = noted | {"files": record.listing(waiting)}
        for run in _runs(noted):
            _place_run(root / run, waiting / run, home)
            runs.write_json(_note(home, run), arrived)
        # Before the submissions: it looks at which of them change.
        _merge_ledger(root / LEDGER, waiting / LEDGER, home)
        for name in _submissions(noted):
            if (waiting / name).exists():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(waiting / name, root / name)
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


def _aside(path, home, move=os.replace):
    if path.exists():
        kept = home / "replaced" / f"{time.strftime('%Y%m%d-%H%M%S')}-{path.name}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        move(path, kept)


def _merge_ledger(path, arrived, home):
    """Take over the rows of what a kernel made; the score of a file that stays the same stays."""
    before = {row["file"]: row for row in ledger.read_ledger(path)}
    merged = dict(before)
    for row in ledger.read_ledger(arrived):
        name = row["file"]
        file = arrived.with_name(name)
        if not file.exists():  # an interrupted call has put it into its place
            file = path.with_name(name)
        scored = {} if row["kaggle"] else ledger.score_of(before.get(name), file)
        merged[name] = row | scored
    if any(merged[name] != row for name, row in before.items()):
        _aside(path, home, shutil.copy2)
    if merged:
        ledger.write_ledger(path, merged.values())
