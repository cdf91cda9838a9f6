"""What a notebook was run with and what it wrote: tells whether it has to run again."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
from pathlib import Path

from fer_utils import paths, runs
from fer_utils.errors import FerError
from fer_utils.pipeline import fingerprints
from fer_utils.settings import Settings

PACKAGE = paths.PROJECT / "fer_utils"
FOLDER = "notebooks"  # of the executed notebooks and their manifests, in the run folder
_OURS = {FOLDER, "report.html", "results.csv"}  # what the pipeline itself writes there

# What a manifest's key holds, and how a difference is put to the user.
_CHANGED = {
    "source": "the notebook changed",
    "parameters": "other parameters",
    "package": "the code of fer_utils changed",
    "versions": "other versions of Python or its packages",
    "backend": "another Keras backend",
    "data": "the data changed",
    "needs": "what it needs or shows ran again",
}


@dataclasses.dataclass(frozen=True)
class Manifests:
    """The manifests of one run folder.

    Args:
        settings: the Settings of the run.
        folder: where the notebooks are.
    """

    settings: Settings
    folder: Path

    @property
    def executed(self):
        """The folder of executed notebooks and their manifests."""
        return self.settings.run_dir / FOLDER

    def read(self, name):
        """Return the manifest of a notebook that ran to its end, else None."""
        found = self._file(name)
        return (
            found if found.get("finished") and (self.executed / f"{name}.ipynb").exists() else None
        )

    def reason(self, notebook):
        """Return why a notebook has to run, or None where it is up to date."""
        key, found = self.key(notebook), self.read(notebook.name)
        if found is None:
            started = self._file(notebook.name)
            return "it did not finish" if started else "it has not run yet"
        for part, words in _CHANGED.items():
            if found["key"].get(part) != key[part]:
                return words
        for file, stat in found["outputs"].items():
            path = self.settings.run_dir / file
            if not path.exists() or fingerprints.size_and_time(path) != stat:
                return f"its {file} is {'changed' if path.exists() else 'missing'}"
        return None

    def key(self, notebook):
        """Return all that a notebook's results depend on, as a dict of hashes and values."""
        finished = {need: self.read(need) for need in (*notebook.needs, *notebook.uses)}
        return {
            "source": source_hash(self.folder / f"{notebook.name}.ipynb"),
            "parameters": {"PROFILE": self.settings.profile.name, "SEED": self.settings.seed},
            "needs": {need: found and found["finished"] for need, found in finished.items()},
            **self._common,
        }

    @functools.cached_property
    def _common(self):
        return {
            "package": fingerprints.package_hash(PACKAGE),
            "versions": fingerprints.versions(),
            "backend": fingerprints.backend(),
            "data": fingerprints.data_fingerprint(self.settings.dataset, self.settings.root),
        }

    def begin(self, notebook):
        """Note that a notebook starts: until ``finish`` it counts as not run.

        The files there were before its first, perhaps interrupted, start are kept, so that
        what the interrupted start wrote counts as this notebook's too.
        """
        name, old = notebook.name, self._file(notebook.name)
        started = {"key": self.key(notebook), "outputs": old.get("outputs", {})}
        before = old["before"] if "before" in old else snapshot(self.settings.run_dir)
        started["before"] = before
        started["started"] = _now()
        runs.write_json(self._path(name), started)

    def finish(self, name, seconds):
        """Note that a notebook ran to its end, with what it wrote."""
        begun, run_dir = self._file(name), self.settings.run_dir
        before, after = begun["before"], snapshot(run_dir)
        written = {f for f, stat in after.items() if before.get(f) != stat}
        written = written - self._of_others(name, after) | set(begun["outputs"])
        outputs = {file: after[file] for file in sorted(written) if file in after}
        self._disown(name, outputs)
        done = {
            "key": begun["key"],
            "outputs": outputs,
            "seconds": round(seconds, 1),
            "finished": _now(),
            "data": self.settings.dataset,
        }
        runs.write_json(self._path(name), done)

    def _of_others(self, name, after):
        # What a notebook that ran at the same time, on another machine, wrote and ended with.
        found, since = set(), self._file(name).get("started", "")
        for path in self.executed.glob("*.json"):
            other = runs.read_json(path) or {}
            if path.stem != name and other.get("finished", "") > since:
                found |= {f for f, stat in other["outputs"].items() if after.get(f) == stat}
        return found

    def _disown(self, name, outputs):
        # A file belongs to the notebook that wrote it last, else the others never fit again.
        for path in self.executed.glob("*.json"):
            other = runs.read_json(path) or {}
            shared = set(other.get("outputs", ())) & set(outputs)
            if path.stem != name and shared and other.get("finished"):
                for file in shared:
                    del other["outputs"][file]
                runs.write_json(path, other)

    def _path(self, name):
        return self.executed / f"{name}.json"

    def _file(self, name):
        found = runs.read_json(self._path(name))
        return found if isinstance(found, dict) and "key" in found else {}


def _now():
    return datetime.datetime.now().isoformat(timespec="microseconds")


def read_cells(path):
    """Return the cells of a notebook file as dicts, with ``source`` as one string.

    Raises:
        FerError: the file is missing or is not a notebook.
    """
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        return [{**cell, "source": "".join(cell["source"])} for cell in cells]
    except FileNotFoundError as error:
        raise FerError(f"{path} is missing: run from a full clone of the project") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FerError(f"{path} is not a notebook: restore it from git") from error


def source_hash(path):
    """Return a hash of a notebook's cells without their outputs."""
    tags = [(c["cell_type"], c["source"], c["metadata"].get("tags")) for c in read_cells(path)]
    return fingerprints.hash_of(json.dumps(tags))


def snapshot(run_dir):
    """Return ``{file: [size, time]}`` of what notebooks wrote under a run folder.

    Checkpoints are no results: they go when their fit ends, and another notebook may be fitting.
    """
    files = {f: (stat, f.split("/")) for f, stat in fingerprints.files_in(run_dir).items()}
    return {
        f: stat
        for f, (stat, parts) in files.items()
        if parts[0] not in _OURS and "checkpoint" not in parts
    }
