"""Networks that another run trained, and that join the members of this one."""

import filecmp
import shutil
from pathlib import Path

from fer_utils import ensemble, models, runs
from fer_utils.compete.plan import Job
from fer_utils.errors import FerError


def join_networks(run_dir, dataset, folders, views):
    """Copy finished networks into a run, unless they are there; nothing of theirs is changed.

    What they say of the views, minutes of work, comes along where it is there.

    Args:
        run_dir: Path of the run folder.
        dataset: the Dataset.
        folders: paths such as ``runs/OTHER/member1``, each with what a fit leaves.
        views: str, the kind of views that this run asks about, see ``ensemble.VIEWS``.

    Returns:
        list of Jobs, one a folder. Their keys are ``OTHER-member1``.

    Raises:
        FerError: a folder without a finished network; another is there under its name; it was
            fitted to other data or answered other rows; the copy cannot be written.
    """
    jobs = [_joined(run_dir, Path(folder).resolve(), views) for folder in folders]
    keys = [job.key for job in jobs]
    if len(set(keys)) < len(keys):
        raise FerError(f"--join names {max(keys, key=keys.count)} twice: it counts once")
    if jobs:
        ensemble.load_members(run_dir, dataset, keys)  # refuses what does not fit
    return jobs


def _joined(run_dir, source, views):
    run, metrics = runs.read_run(source), runs.read_json(source / "metrics.json")
    if not (run and metrics and (source / "model.keras").is_file()):
        raise FerError(f"--join {source}: no finished network lies there (model.keras, run.json)")
    key = f"{source.parent.name}-{source.name}"
    place = run_dir / key
    if not (place / "run.json").exists():
        several = source.with_name(f"{source.name}_views")
        told = runs.read_run(several) or {"identity": {}}
        if told["identity"].get("method") == views:
            _copy(several, run_dir / f"{key}_views")
        _copy(source, place)
    elif not filecmp.cmp(source / "run.json", place / "run.json", shallow=False):
        raise FerError(f"--join {source}: {place} is another network: rename the one that joins")
    models.load(place / "model.keras")  # a damaged file is said before hours of training
    return Job(key, metrics["network"], run["identity"]["seed"])


def _copy(source, place):
    """Copy a fit's files; their folder takes its name when it is whole."""
    with runs.whole_folder(place) as part:
        for file in [path for path in source.iterdir() if path.is_file()]:
            shutil.copyfile(file, part / file.name)
