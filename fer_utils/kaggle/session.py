"""Runs the suite inside a kernel: within its time, from where the kernel before came to.

The suite runs in a process of its own, which is stopped as with Ctrl-C when its time is over: what
ran is whole, a training that was interrupted continues in the next kernel.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fer_utils import paths, runs
from fer_utils.errors import FerError
from fer_utils.kaggle import RECORD, record

SUBMISSION = "18_write_submission"
DEPTH = 5  # of folders below the input folder
_RESERVE = 600  # seconds kept for the submission, where the whole suite does not come so far
_LOOK = 30  # seconds between two looks at what has finished
_ENDING = 120  # seconds that a stopped run may take to end


def run(chosen, folder, began):
    """Run the suite; leave everything in the working folder, with ``submission.csv`` at its top.

    A notebook that fails is no failure of the kernel: Kaggle might not keep what others made.
    The record says how it went, and ``pull`` hands it on.

    Args:
        chosen: dict with ``bundle``, ``kernel``, ``budget`` (seconds), ``only``, ``data``,
            ``profile`` and ``seed``.
        folder: the data set's folder.
        began: what ``time.monotonic`` was when the kernel began.

    Returns:
        int, the exit code: 0, or 1 where the suite could not be run at all.
    """
    working = paths.KAGGLE_WORKING
    with tempfile.TemporaryDirectory(prefix="fer-suite-") as scratch:
        for notebook in sorted(Path(folder).glob("*.ipynb")):
            shutil.copyfile(notebook, Path(scratch, notebook.name))
        restore(paths.KAGGLE_INPUT, working, chosen["kernel"])
        try:
            settings = _settings(chosen)
            session = _Session(chosen, settings, working, scratch, began)
            code, stopped = session.run_all()
        except FerError as error:
            _say(f"error: {error}")
            _write(chosen, working, "failed", None, folder, error=str(error))
            return 1
    state = "out of time" if stopped else {0: "done"}.get(code, "failed")
    _write(chosen, working, state, settings, folder)
    killed = code < 0  # by the system, where memory ran out: what others made is to be kept
    return 0 if code in (0, 1) or killed or stopped else 1


def _say(line):
    sys.stdout.write(f"{line}\n")  # a kernel's log shows it at once
    sys.stdout.flush()


def _settings(chosen):
    from fer_utils import settings

    made = settings.resolve(chosen["data"], chosen["profile"], seed=chosen["seed"])
    if chosen["data"] == "auto" and made.root is None:
        raise FerError(
            f"no FER2013 under {paths.KAGGLE_INPUT}: accept the competition's rules on its page, "
            "then push again"
        )
    return made


class _Session:
    """The suite within its time; see ``run`` for what it is given."""

    def __init__(self, chosen, settings, working, notebooks, began):
        self.chosen, self.settings, self.working = chosen, settings, working
        self.notebooks = Path(notebooks)
        self.end = began + chosen["budget"]
        self.seen = None

    def run_all(self):
        """Return the exit code and whether the time was over."""
        reserve = min(_RESERVE, self.chosen["budget"] / 10)
        code, stopped = self._run(self.chosen["only"], self.end - reserve)
        if stopped and self._submission_waits():
            _say("the time is over: the submission of what is trained follows")
            self._run([SUBMISSION], self.end)
        return code, stopped

    def _submission_waits(self):
        """Return whether nothing but the submission's own notebook is missing to it."""
        from fer_utils.pipeline import manifest, planning, suite

        manifests = manifest.Manifests(self.settings, self.notebooks)
        steps = planning.plan(manifests, suite.SUITE, only=[SUBMISSION])
        return [step.notebook.name for step in steps if step.reason] == [SUBMISSION]

    def _run(self, only, until):
        """Run a part of the suite; return its exit code and whether its time was over."""
        job = {
            "data": str(self.settings.root or self.settings.dataset),
            "profile": self.settings.profile.name,
            "run_dir": str(self.settings.run_dir),
            "seed": self.settings.seed,
            "only": list(only),
            "notebooks": str(self.notebooks),
        }
        command = [sys.executable, "-m", "fer_utils.kaggle.session", json.dumps(job)]
        process = subprocess.Popen(command, cwd=self.working)
        while (left := until - time.monotonic()) > 0:
            try:
                return process.wait(min(left, _LOOK)), False
            except subprocess.TimeoutExpired:
                self._note()
        _stop(process)
        return process.returncode, True

    def _note(self):
        """Bring the record up to date when a notebook has finished, in case Kaggle ends all."""
        folder = self.settings.run_dir / "notebooks"
        done = sorted(path.name for path in folder.glob("*.ipynb") if path.name[0] != ".")
        if done != self.seen:
            self.seen = done
            _write(self.chosen, self.working, "running", self.settings, self.notebooks)


def _stop(process):
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _write(chosen, working, state, settings, notebooks, error=None):
    run_dir = settings and settings.run_dir
    submission = settings and _submission(settings, notebooks, working)
    record.write(
        working,
        chosen["kernel"],
        chosen["bundle"],
        state,
        run_dir and run_dir.relative_to(working).as_posix(),
        record.notebook_states(run_dir) if run_dir else [],
        submission and submission.relative_to(working).as_posix(),
        error,
    )


def _submission(settings, notebooks, working):
    """Copy the run's submission to the top; return its path, None where there is none of today."""
    from fer_utils.pipeline import results

    top, run_dir = working / "submission.csv", settings.run_dir
    found = results.submission(run_dir) if _is_current(settings, notebooks) else None
    if found is None:
        top.unlink(missing_ok=True)
        return None
    if not found.is_relative_to(working):
        found = run_dir / "submission.csv"  # it is named where an earlier kernel wrote it
    with runs.whole_file(top) as part:
        shutil.copyfile(found, part)
    return found


def _is_current(settings, notebooks):
    """Return whether the submission is what today's code and the networks there are give."""
    from fer_utils.pipeline import manifest, suite

    manifests = manifest.Manifests(settings, Path(notebooks))
    if manifests.read(SUBMISSION) is None:
        return False
    return manifests.reason(suite.named(suite.SUITE, SUBMISSION)) is None


def restore(root, working, kernel):
    """Copy what an earlier kernel made, where its output is attached; return its folder or None.

    Args:
        root: the input folder.
        working: the kernel's working folder; what is there already stays.
        kernel: the name of the kernel, ``owner/name``.
    """
    found = [(place, record.read(place / RECORD)) for place in _holding(root, RECORD)]
    found = [(place, noted) for place, noted in found if noted and noted["kernel"] == kernel]
    if not found:
        return None
    place, noted = max(found, key=lambda pair: pair[1]["written"])
    for name in noted["files"]:
        if not (working / name).exists() and (place / name).is_file():
            (working / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / name, working / name)
    record.restore_times(working, noted["files"])
    _say(f"continued from {place}, which was {noted['state']}")
    return place


def _holding(root, name):
    for folder, folders, files in os.walk(root):
        if len(Path(folder).relative_to(root).parts) >= DEPTH:
            folders.clear()
        if name in files:
            yield Path(folder)


def main(text):
    """Run the part of the suite that a JSON text describes; return the exit code."""
    from fer_utils import settings
    from fer_utils.pipeline import runner

    job = json.loads(text)
    try:
        made = settings.resolve(job["data"], job["profile"], job["run_dir"], job["seed"])
        return runner.run(made, folder=Path(job["notebooks"]), only=job["only"])
    except FerError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        _say("stopped: the next kernel continues")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
