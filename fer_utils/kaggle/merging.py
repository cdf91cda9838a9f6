"""Puts a kernel's files beside those that are here, without losing any of either."""

import contextlib
import os
import shutil
import time
from pathlib import Path

from fer_utils import kaggle, locks, runs
from fer_utils.errors import FerError
from fer_utils.kaggle import record
from fer_utils.pipeline import lock
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
    known = {run: (noted["files"], _pulled(home, run, noted)) for run in runs_of(noted)}
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


def runs_of(noted):
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


def unpulled(home, noted):
    """Return the names of the files in a record that no pull has put into place.

    Files of no run are noted nowhere: what is here counts.

    Args:
        home: ``runs/kaggle``, where pulls are noted.
        noted: the record.
    """
    waits = record.read(home / "waiting" / kaggle.RECORD) or {}
    notes = [record.read(_note(home, run)) or {} for run in runs_of(noted)]
    if waits.get("written") == noted["written"]:  # a pull was interrupted
        return sorted(noted["files"])
    if noted["written"] in [note.get("written") for note in notes]:
        return []
    known = {}
    for note in notes:
        known |= note.get("files", {})
    digests = {name: facts[2] for name, facts in known.items()}
    root, files = home.parent.parent, noted["files"]
    missing = [name for name in sorted(files) if digests.get(name) != files[name][2]]
    missing = [name for name in missing if not record.matches(root / name, files[name])]
    # The ledger here has other rows too; those of a kernel come before its submissions.
    return [] if missing == [LEDGER] and not notes and (root / LEDGER).exists() else missing


def place(root, home, noted, kept, say):
    """Put everything into its place, and note it.

    Args:
        root: the folder of ``runs/`` and ``submissions/``.
        home: where the files wait, in ``waiting``, and replaced work is kept.
        noted: the record.
        kept: from ``plan``.
        say: takes lines of text.
    """
    waiting = home / "waiting"
    try:
        _prune(waiting, noted["files"])
        arrived = noted | {"files": record.listing(waiting)}
        notes = {run: record.read(_note(home, run)) for run in runs_of(noted)}
        apart = [run for run, note in notes.items() if note and note["began"] != noted["began"]]
        for run in notes:
            told = say if run not in kept else lambda _: None  # what was asked for
            _place_run(root / run, waiting / run, home, run in [*kept, *apart], told)
        # Before the submissions: it looks at which of them change.
        _merge_ledger(root / LEDGER, waiting / LEDGER, home)
        for name in _submissions(noted):
            if (waiting / name).exists():
                if (name in kept or apart) and (root / name).exists():
                    _aside(root / name, home)
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(waiting / name, root / name)
        for run in notes:  # last: until then a call that goes on knows the files of both pulls
            runs.write_json(_note(home, run), arrived)
        shutil.rmtree(waiting)
    except OSError as error:
        raise runs.writing_error(error.filename or root, error) from error


def _prune(waiting, files):
    # What an interrupted call fetched of an earlier kernel.
    for path in [path for path in (waiting / "runs").rglob("*") if path.is_file()]:
        if path.relative_to(waiting).as_posix() not in files:
            path.unlink()


def _place_run(run_dir, arrived, home, keep, say):
    if not arrived.exists():  # by a call that was interrupted after this
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    lost, gone = _lost(run_dir, arrived), home / f"old-{run_dir.name}"
    with contextlib.suppress(OSError):  # the lock that is held stays that of the folder's name
        os.link(run_dir / lock.NAME, arrived / lock.NAME)
    if (keep and _names(run_dir)) or lost:
        old = _aside(run_dir, home)
        why = f"lacks {len(lost)} files, such as {lost[0]}" if lost else "began anew"
        say(
            f"note: what this kernel made of {run_dir.name} {why}: the one before is kept in {old}"
        )
    else:
        shutil.rmtree(gone, ignore_errors=True)
        os.replace(run_dir, gone)
    os.replace(arrived, run_dir)
    shutil.rmtree(gone, ignore_errors=True)


def _lost(run_dir, arrived):
    """Return what a run folder has and the one in its place lacks, results only."""
    lost = _names(run_dir) - _names(arrived)
    passing = [n for n in lost if "checkpoint" in n.parts or n.name.endswith(".failed.ipynb")]
    return sorted(name.as_posix() for name in lost.difference(passing))


def _names(folder):
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {name for name in found if not any(part.startswith(".") for part in name.parts)}


def _aside(path, home, move=os.replace):
    """Put a file or folder into ``replaced/``, under a name of its own; return its new path."""
    stamp, number = time.strftime("%Y%m%d-%H%M%S"), 0
    while (kept := home / "replaced" / f"{stamp}{'+' * number}-{path.name}").exists():
        number += 1
    kept.parent.mkdir(parents=True, exist_ok=True)
    move(path, kept)
    return kept


def _merge_ledger(path, arrived, home):
    """Take over the rows of what a kernel made; the score of a file that stays the same stays."""
    with locks.alone(path.parent):
        _write_merged(path, arrived, home)


def _write_merged(path, arrived, home):
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
