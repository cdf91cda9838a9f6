"""Runs the suite inside a kernel: within its time, from where the kernel before came to.

The suite runs in a process of its own, which is stopped as with Ctrl-C when its time is over: what
ran is whole, a training that was interrupted continues in the next kernel.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from fer_utils import paths, runs
from fer_utils.errors import FerError
from fer_utils.kaggle import RECORD, processes, record, restoring

SUBMISSION = "18_write_submission"
_RESERVE = 600  # seconds kept for the submission, where the whole suite does not come so far
_LOOK = 30  # seconds between two looks at what has finished
_RENEW = 600  # seconds between two records, where nothing finishes: trainings leave checkpoints
_ENDING = 120  # seconds that a stopped run may take to end


def run(chosen, folder, began):
    """Run the suite; leave everything in the working folder, with ``submission.csv`` at its top.

    A notebook that fails is no failure of the kernel: Kaggle might not keep what others made.
    The record says how it went, and ``pull`` hands it on.

    Args:
        chosen: dict with ``bundle``, ``kernel``, ``budget`` (seconds), ``only``, ``data``,
            ``profile``, ``seed``, and ``anew``, see ``restoring.restore``.
        folder: the data set's folder.
        began: what ``time.monotonic`` was when the kernel began.

    Returns:
        int, the exit code: 0, or 1 where the suite could not be run at all.

    Raises:
        FerError: what the kernel before made cannot be copied. There is no record then, as it
            would list a part as the whole: the script hands on what is attached.
    """
    working = paths.KAGGLE_WORKING
    with tempfile.TemporaryDirectory(prefix="fer-suite-") as scratch:
        session = _Session(chosen, working, scratch, began)
        session.take_up()
        try:
            session.begin(folder)
            code, stopped = session.run_all()
            session.write("out of time" if stopped else {0: "done"}.get(code, "failed"))
        except (FerError, OSError) as error:
            _say(f"error: {error}")
            session.write("failed", error=str(error))
            return 1
        except BaseException as error:  # as when Kaggle stops the kernel
            session.write("failed", error=traceback.format_exception_only(error)[-1].strip())
            raise
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

    def __init__(self, chosen, working, notebooks, began):
        self.chosen, self.working, self.notebooks = chosen, working, Path(notebooks)
        self.end = began + chosen["budget"]
        self.noted = began
        self.settings: Any = None  # the Settings, once the kernel before is taken up
        self.origin = self.since = self.seen = None

    def take_up(self):
        """Take up what the kernel before made."""
        kernel, anew = self.chosen["kernel"], self.chosen.get("anew")
        found = restoring.restore(paths.KAGGLE_INPUT, self.working, kernel, anew)
        self.origin, self.since = found

    def begin(self, folder):
        """Settle what is to be done.

        Args:
            folder: of the notebooks that were sent.
        """
        _say(self.origin)
        self.write("running")  # whatever comes: the next kernel continues from here
        for notebook in sorted(Path(folder).glob("*.ipynb")):
            shutil.copyfile(notebook, self.notebooks / notebook.name)
        self.settings = _settings(self.chosen)

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
        process = subprocess.Popen(command, cwd=self.working, start_new_session=True)
        try:
            while (left := until - time.monotonic()) > 0:
                try:
                    return process.wait(min(left, _LOOK)), False
                except subprocess.TimeoutExpired:
                    self._note()
        except BaseException:
            self.write("running")  # the suite may take longer to end than this process is given
            raise
        finally:
            processes.stop(process, _ENDING)
        return process.returncode, True

    def _note(self):
        """Bring the record, which lists what is continued from, up to date: Kaggle may end all."""
        folder = self.settings.run_dir / "notebooks"
        done = sorted(path.name for path in folder.glob("*.ipynb") if path.name[0] != ".")
        if done != self.seen or time.monotonic() > self.noted + _RENEW:
            self.seen, self.noted = done, time.monotonic()
            self.write("running")

    def write(self, state, error=None):
        """Write the record; where that cannot be, the one before stays and the suite goes on.

        Args:
            state: see ``record.write``.
            error: what stopped the run as a whole.
        """
        run, states, submission = None, [], None
        with _best_effort():
            if self.settings:
                run, states, submission = self._results()
        with _best_effort():
            kernel, bundle = self.chosen["kernel"], self.chosen["bundle"]
            facts = (run, states, submission, error, self.origin, self.since)
            record.write(self.working, kernel, bundle, state, *facts)

    def _results(self):
        """Return the run folder, how its notebooks did, and the submission, for the record."""
        run_dir = self.settings.run_dir
        submission = _submission(self.settings, self.notebooks, self.working)
        return (
            run_dir.relative_to(self.working).as_posix(),
            record.notebook_states(run_dir),
            submission and submission.relative_to(self.working).as_posix(),
        )


@contextlib.contextmanager
def _best_effort():
    try:
        yield
    except Exception as problem:  # a full disk, above all
        _say(f"note: {RECORD} is not up to date ({type(problem).__name__}: {problem})")


def _submission(settings, notebooks, working):
    """Copy the run's submission to the top; return its path, None where there is none of today."""
    from fer_utils.pipeline import results

    top, run_dir = working / "submission.csv", settings.run_dir
    found = results.submission(run_dir) if _is_current(settings, notebooks) else None
    if found is None:
        runs.remove(top)
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
