"""What a kernel leaves on its output's top: how far it came, and which files there are.

``kaggle_run.json`` lists each file with size, time and hash. Kaggle's storage gives files other
times, by which manifests would call every notebook out of date: the list gives them back.
"""

import contextlib
import datetime
import hashlib
import os
from pathlib import Path

from fer_utils import runs
from fer_utils.kaggle import RECORD

KEPT = ("runs", "submissions")  # the folders of a kernel's output that matter
_NEEDED = {
    *("kernel", "state", "run", "notebooks", "submission"),
    *("error", "origin", "began", "written"),
}
OWN = "kaggle"  # below runs/: what push and pull keep for themselves


def write(
    working,
    kernel,
    bundle,
    state,
    run,
    notebooks,
    submission=None,
    error=None,
    origin=None,
    began=None,
):
    """Write the record of a kernel.

    Args:
        working: the kernel's working folder.
        kernel: its name, ``owner/name``.
        bundle: hash of the data set that it ran.
        state: ``running``, ``done``, ``failed`` or ``out of time``.
        run: the run folder, relative to ``working``.
        notebooks: list of dicts, from ``notebook_states``.
        submission: the submission's path, relative to ``working``; None where there is none.
        error: what stopped the run as a whole.
        origin: from where it continued, or why it began anew.
        began: when the suite began anew, in the first of the kernels that continued; see ``now``.
    """
    found = {
        "kernel": kernel,
        "bundle": bundle,
        "state": state,
        "run": run,
        "notebooks": notebooks,
        "submission": submission,
        "error": error,
        "origin": origin,
        "began": began,
        "written": now(),
        "files": listing(working),
    }
    runs.write_json(working / RECORD, found)


def now():
    """Return the time in UTC, as text that sorts."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


def read(path):
    """Return a record, or None where the file is missing or is none."""
    return checked(runs.read_json(path))


def checked(found):
    """Return what was read from JSON, or None where it is no record."""
    whole = isinstance(found, dict) and isinstance(found.get("files"), dict)
    return found if whole and found.keys() >= _NEEDED else None


def is_kept(name):
    """Return whether a name in a record is that of a run's file or a submission's."""
    parts = Path(name).parts
    if Path(name).is_absolute() or ".." in parts or len(parts) < 2:
        return False
    in_run = parts[0] == "runs" and len(parts) > 2 and parts[1] != OWN
    return in_run or parts[0] == "submissions"


def listing(working):
    """Return ``{path: [size, time, sha256]}`` of what a kernel made; hidden files left out."""
    found = {}
    for top in KEPT:
        for folder, folders, files in os.walk(working / top):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = Path(folder, name)
                listed = path.relative_to(working).as_posix()
                if is_kept(listed) and not name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):  # being replaced
                        found[listed] = _facts(path)
    return found


def _facts(path):
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, sha256(path)]


def sha256(path):
    """Return the hash of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def matches(path, facts):
    """Return whether a file is there and is what a record's list says."""
    return path.is_file() and path.stat().st_size == facts[0] and sha256(path) == facts[2]


def restore_times(root, files):
    """Give copied files the times of the record's list, where they are still what it lists."""
    for name, facts in files.items():
        with contextlib.suppress(OSError):  # its notebook runs again
            if matches(root / name, facts):
                os.utime(root / name, ns=(facts[1], facts[1]))


def notebook_states(run_dir):
    """Return a dict for each notebook of the suite: name, state, seconds, and why it did not run.

    Args:
        run_dir: the run folder.
    """
    from fer_utils.pipeline import report, suite

    entries = {entry.name: entry for entry in report.entries(run_dir, suite.SUITE)}
    found = []
    for notebook in suite.SUITE:
        entry = entries[notebook.name]
        lacking = notebook.lacking() if entry.state != "done" else None
        found.append(
            {
                "name": notebook.name,
                "state": entry.state,
                "seconds": entry.manifest.get("seconds"),
                "why": f"{lacking} is not installed" if lacking else None,
            }
        )
    return found
