"""Fetches what a kernel made, and puts it into place: all of it, or nothing.

Files wait in ``runs/kaggle/waiting`` until the last one is there, so that an interrupted call
continues. A run folder is then put in its place in one go. One that has local work is not touched,
unless ``replace`` is given; then it is kept in ``replaced/``. So is one whose files the kernel did
not continue from, or does not bring again.
"""

import contextlib
import os
import shutil

from fer_utils import kaggle, runs
from fer_utils.datasets.connection import Refused
from fer_utils.errors import FerError
from fer_utils.kaggle import merging, record, status
from fer_utils.pipeline import lock

_CHUNK = 1 << 20  # bytes
_LATER = ", then pull again"


def pull(client, root, replace=False, say=print):
    """Fetch the executed notebooks, runs and submissions of the last kernel.

    Args:
        client: the Client.
        root: the folder that has ``runs/`` and ``submissions/``.
        replace: put aside what was changed here.
        say: takes lines of text.

    Returns:
        dict, the kernel's record.

    Raises:
        FerError: the kernel has not ended, or made nothing; local work is in the way, or a
            local run at work; a file cannot be fetched or written. Nothing was put into place
            then.
    """
    name = f"{client.user}/{kaggle.KERNEL}"
    found = status.existing(client, name)
    if found.running:
        raise FerError(f"{name} is {found.state}: pull once it has ended")
    files, log = status.outputs(client, name)
    home = root / "runs" / "kaggle"
    with contextlib.ExitStack() as locks:
        locks.enter_context(lock.held(home, ""))  # two at once would share the waiting room
        runs.write_text(home / "kernel.log", status.plain(log))
        noted = _record(client, files, home / "waiting", name, found, log)
        folders = [root / run for run in merging.runs_of(noted)]
        new = [folder for folder in folders if not folder.exists()]
        for folder in folders:  # else a local run would write into what is replaced
            if folder not in new:
                locks.enter_context(lock.held(folder, _LATER))
        merging.plan(root, noted, replace)  # said now, not after all is fetched
        _fetch_all(client, files, noted, root, say)
        record.restore_times(home / "waiting", noted["files"])
        # Editors and notebooks that are open hold no lock: again, for what they wrote meanwhile.
        kept = merging.plan(root, noted, replace)
        for folder in new:  # not before all may be placed: the lock makes the folder
            locks.enter_context(lock.held(folder, _LATER))
        merging.place(root, home, noted, kept, say)
    for line in status.told(noted):
        say(line)
    if noted["state"] != "done":
        say(f"what the kernel said: {home / 'kernel.log'}")
    return noted


def _record(client, files, waiting, name, found, log):
    """Return the kernel's record, new if the kernel ran again since an interrupted call."""
    if kaggle.RECORD not in files:
        failure = found.failure or found.state
        raise FerError(
            f"{name} made nothing ({failure}): {status.last_line(log)}; all that it said is in "
            "runs/kaggle/kernel.log"
        )
    path = waiting / kaggle.RECORD
    _fetch(client, files[kaggle.RECORD], path)
    noted = record.read(path)
    if noted is None:
        raise FerError(f"{kaggle.RECORD} of {name} is damaged: push --unpulled begins anew")
    for file in noted["files"]:
        if not record.is_kept(file):
            raise FerError(
                f"{kaggle.RECORD} lists {file!r}, which is no file of a run: push "
                "--unpulled --fresh begins anew"
            )
    return noted


def _fetch_all(client, files, noted, root, say):
    waiting = root / "runs" / "kaggle" / "waiting"
    here = [name for name, facts in noted["files"].items() if record.matches(root / name, facts)]
    missing = sorted(set(noted["files"]) - {*files, *here})
    if missing:
        lacks = (
            f"Kaggle's output lacks {len(missing)} of {len(noted['files'])} files, the first is "
            f"{missing[0]}"
        )
        if noted["state"] != "running":
            raise FerError(f"{lacks}: run the same command again in some minutes")
        say(f"note: {lacks}; the kernel was ended from outside, so the others are fetched")
    there = {n: f for n, f in noted["files"].items() if n not in missing}
    wanted = {n: f for n, f in there.items() if not record.matches(waiting / n, f)}
    for name in wanted.keys() & here:
        with runs.whole_file(waiting / name) as part:  # from an earlier pull
            shutil.copyfile(root / name, part)
        del wanted[name]
    size = sum(facts[0] for facts in wanted.values())
    say(f"fetching {len(wanted)} of {len(noted['files'])} files, {size / 1e6:.1f} MB")
    for name, facts in sorted(wanted.items()):
        _fetch(client, files[name], waiting / name)
        # A kernel that was ended from outside may have written after its last record.
        if noted["state"] != "running" and not record.matches(waiting / name, facts):
            (waiting / name).unlink()
            raise FerError(f"{name} arrived damaged: run the same command again")


def _fetch(client, url, path):
    what = f"the download of {path.name}"
    try:
        client.ask(what, _save, url, path)
    except Refused as error:
        if error.status != 403:
            raise
        raise FerError(f"{what}: its address expired (403): run the same command again") from None


class _BrokeOff(Exception):
    """A download that ended early; no OSError, which would pass for a disk's."""


def _save(url, path):
    import requests

    with status.fetch(url) as answer, runs.whole_file(path) as part:
        try:
            with open(part, "wb") as file:
                for chunk in answer.iter_content(_CHUNK):
                    file.write(chunk)
        except requests.RequestException as error:
            raise _BrokeOff from error
        wanted, packed = answer.headers.get("Content-Length"), "Content-Encoding" in answer.headers
        if wanted and not packed and os.path.getsize(part) != int(wanted):
            raise _BrokeOff
