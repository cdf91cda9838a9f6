"""Trains what the budget allows, combines it, distils it, writes the submissions."""

import dataclasses
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import ensemble, models, reading, runs, submission, training
from fer_utils.compete.budget import Clock
from fer_utils.compete.costs import Costs
from fer_utils.compete.joining import join_networks
from fer_utils.compete.plan import MAX_EPOCHS, epochs_for, jobs_for, recipe_for, seconds_of
from fer_utils.datasets import Dataset
from fer_utils.ensemble.members import fault_of
from fer_utils.errors import FerError
from fer_utils.pipeline import lock
from fer_utils.settings import Settings
from fer_utils.training.log import log

VIEWS = "shifts"  # ten views of each image


def compete(
    settings: Settings, dataset: Dataset, budget: float, members: int = 9, submit: bool = False,
    began: float | None = None, *, epochs: int | None = None, join: Sequence[str | Path] = (),
) -> list[dict[str, Any]]:  # fmt: skip
    """Train members, their ensemble and two distilled networks within a budget.

    Stopped at any point, it goes on where it was; all calls together spend the budget. The speed
    of each network is measured first. A network's epochs are settled when it begins, from the
    time left then. PublicTest is reported, and chooses nothing. A larger budget in a later call
    adds members; what is distilled stays as it is.

    Args:
        settings: the Settings; its run folder keeps all that is needed to continue.
        dataset: the Dataset, FER2013 or synthetic faces.
        budget: seconds of all calls together.
        members: int, networks in the ensemble where there is time for so many.
        submit: whether the submissions of whole data go into the project's ``submissions``;
            else they lie in the run folder.
        began: what ``time.monotonic`` was when this call began; None for now.
        epochs: int, of each network that begins now, the small one's twice that; None for what
            the budget allows.
        join: folders of finished networks of other runs: they join the members.

    Returns:
        list of flat dicts, the metrics of each network and of the ensemble; those of a
        network's views have ``views`` before their names.

    Raises:
        FerError: the budget is too small for one network; the run folder was begun with
            something else; data that no submission can be written for; a network that cannot
            join; no member at all.
    """
    if members < 1 and not join:
        raise FerError(f"--members {members}: give 1 or more, or a network to --join")
    if epochs is not None and epochs < 1:
        raise FerError(f"--epochs {epochs}: give 1 or more")
    rows = submission.test_rows(dataset)  # before the training, not after
    folder = submission.folder(settings, rows) if submit else settings.run_dir
    with (
        lock.held(settings.run_dir),
        Clock(settings.run_dir / "clock.json", began=began) as clock,
    ):
        contest = Contest(settings, dataset, budget, clock, epochs)
        joined = join_networks(settings.run_dir, dataset, join, VIEWS)
        told = contest.run(jobs_for(members, settings.seed), joined)
        contest.submit([metrics["model"] for metrics in told], rows, folder)
    return told


class Contest:
    """One run of ``compete``; what it has settled stands in ``compete.json``."""

    def __init__(self, settings, dataset, budget, clock, epochs=None):
        self.settings, self.dataset = settings, dataset
        self.budget, self.clock = budget, clock
        most = epochs or MAX_EPOCHS
        self.most = min(settings.profile.epochs or most, most)
        self.least = self.most if epochs else None
        self.path = settings.run_dir / "compete.json"
        begun = {
            "data": dataset.fingerprint,
            "profile": settings.profile.name,
            "seed": settings.seed,
            "precision": training.precision_for_device(),
        }
        new = {"begun": begun, "budget": budget, "costs": {}, "epochs": {}, "teachers": []}
        self.state = runs.read_json(self.path) or new
        _check_begun(self.state["begun"], begun, settings.run_dir)
        if budget > self.state["budget"]:  # what there was no time for is looked at again
            kept = {key: epochs for key, epochs in self.state["epochs"].items() if epochs}
            self._write(epochs=kept)
        self._write(budget=budget)
        self.costs = Costs(self.state["costs"], lambda costs: self._write(costs=costs))

    def run(self, jobs, joined=()):
        """Do the Jobs; return the metrics of all that came of them and of those that joined."""
        open_ones = [job for job in jobs if self.state["epochs"].get(job.key) != 0]
        networks = {job.network for job in open_ones if not self._is_trained(job)}
        self.costs.measure(networks, self.settings, self.dataset, VIEWS)
        done = list(joined)
        for job in done:
            self._views(job.key)
        for i, job in enumerate(jobs):
            if job.distilled and not done:
                break  # nobody to learn from
            if self._settled(job, jobs[i:], done) and self._trained(job, done):
                done.append(job)
        if not done:
            raise FerError("no network could be trained: what stands above says why")
        members = [job.key for job in done if not job.distilled]
        if len(members) > 1:
            self._combine(members)
        told = [self._metrics(job.key, f"{job.key}_views") for job in done]
        return [*told, *([self._metrics("ensemble")] if len(members) > 1 else [])]

    def _settled(self, job, rest, done):
        """Return whether there is time for a Job, whose epochs are written down now."""
        epochs, costs = self.state["epochs"], self.costs.here
        if job.key not in epochs:
            begun = [x for x in rest if epochs.get(x.key) and not self._is_trained(x)]
            left = self.budget - self.clock.spent
            left -= sum(seconds_of(x, epochs[x.key], costs) for x in begun)
            waiting = [x for x in rest if x.key not in epochs]
            trained = sum(not x.distilled for x in done)
            kept, found = epochs_for(waiting, costs, left, trained, self.most, self.least)
            found = found * job.epoch_factor if job in kept else 0
            what = f"{job.network}, {found} epochs" if found else "no time for it"
            log(f"{job.key}: {what}, {max(left, 0) / 60:.1f} minutes left")
            self._write(epochs=epochs | {job.key: found})
        return self.state["epochs"][job.key] > 0

    def _is_trained(self, job):
        return (self.settings.run_dir / job.key / "run.json").exists()

    def _is_begun(self, job):
        return (self.settings.run_dir / job.key / "checkpoint").exists()

    def _write(self, **changed):
        self.state |= changed
        runs.write_json(self.path, self.state)

    def _trained(self, job, done):
        """Train a Job; return whether something came of it that the others can use."""
        options = {}
        recipe = recipe_for(job.network, self.settings.profile, self.state["epochs"][job.key])
        if job.distilled:
            recipe = dataclasses.replace(recipe, label_smoothing=0.0)  # its targets are soft
            options["targets"] = self._targets([x.key for x in done if not x.distilled])
        place = dataclasses.replace(self.settings, seed=job.seed)
        anew = not (self._is_trained(job) or self._is_begun(job))
        try:
            fit = training.fit_or_restore(
                job.network, self.dataset, place, recipe, job.key, **options
            )
        except FerError as error:  # one that diverges must not cost the others
            fault = str(error)
        else:
            fault = fault_of(fit.predictions["probabilities"])
        if fault:
            log(f"{job.key}: left out, {fault}")
            return False
        if anew:  # no epoch of it is another machine's
            an_epoch = statistics.median(fit.history["seconds"])
            self.costs.keep(job.network, an_epoch, self.costs.here[job.network][1])
        self._views(job.key, fit.model)
        return True

    def _targets(self, members):
        """Return what the members teach, kept in a file: a fit continues with the same numbers.

        The first distilled network settles who teaches; members of a later call do not.
        """
        teachers = self.state["teachers"] or members
        self._write(teachers=teachers)
        path = self.settings.run_dir / "targets.npz"
        if not path.exists():
            folder = self.settings.run_dir
            networks = (models.load(folder / key / "model.keras") for key in teachers)
            targets = ensemble.soft_targets(self.dataset, networks)
            with runs.whole_file(path) as part, open(part, "wb") as file:
                np.savez(file, targets=targets)
        remedy = "delete it, and what learned from it, and call this again"
        return reading.arrays(path, "what members teach", remedy)["targets"]

    def _views(self, key, network=None):
        """Write what a network, else its file, says of several views, unless that is done."""
        run_dir = self.settings.run_dir
        done = run_dir / f"{key}_views" / "run.json"
        if done.exists() and done.stat().st_mtime >= (run_dir / key / "run.json").stat().st_mtime:
            return
        network = network or models.load(run_dir / key / "model.keras")
        one = ensemble.load_members(run_dir, self.dataset, [key])
        said = ensemble.predict_views(network, self.dataset.images[one.index], VIEWS)
        ensemble.write_combined(run_dir, f"{key}_views", self.dataset, one, said, VIEWS)

    def _combine(self, members):
        names = [f"{key}_views" for key in members]
        told = ensemble.load_members(self.settings.run_dir, self.dataset, names)
        said = ensemble.average(told.probabilities)
        run_dir = self.settings.run_dir
        ensemble.write_combined(run_dir, "ensemble", self.dataset, told, said, "average")

    def _metrics(self, key, views=None):
        """Return the metrics of a folder, those of its views beside them."""
        folder = self.settings.run_dir
        told = runs.read_json(folder / key / "metrics.json")
        beside = runs.read_json(folder / views / "metrics.json") if views else {}
        told |= {f"views_{name}": value for name, value in beside.items()}
        return told | {"model": key}  # one that joined has another name where it was trained

    def submit(self, keys, rows, folder):
        """Write the submissions of some of these folders, and their rows in the ledger.

        Args:
            keys: folders that came of this run.
            rows: int ``(n,)`` from ``submission.test_rows``.
            folder: Path, where they go.
        """
        example = submission.find_example(self.settings.root)
        # The small network is for speed: it is asked once.
        sources = {"ensemble": "ensemble", "v8_distilled": "v8_distilled_views", "small": "small"}
        for key in [key for key in sources if key in keys]:
            source = self.settings.run_dir / sources[key]
            told = runs.read_predictions(source / "predictions.npz")
            file = folder / f"{self.dataset.name}-{key}.csv"
            submission.write_fer2013(file, self.dataset, told, example=example)
            about = [runs.read_json(source / f"{name}.json") for name in ("metrics", "run")]
            submission.record(folder / "leaderboard.csv", file, *about)
            log(f"written: {file}, {submission.verdict(self.settings, rows)}")


def keep_compiled(folder):
    """Let jax keep what it compiles: members of one kind, and later calls, then share it."""
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")


def _check_begun(old, new, folder):
    different = [f"{key} {old[key]} -> {new[key]}" for key in new if old.get(key) != new[key]]
    if different:
        raise FerError(
            f"{folder} was begun with something else ({', '.join(different)}): give the same "
            "again, or another folder with --run"
        )
