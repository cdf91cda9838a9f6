"""Trains what the budget allows, combines it, distils it, writes the submissions."""

import dataclasses
import os
import statistics
import time

import numpy as np

from fer_utils import ensemble, models, runs, submission, training
from fer_utils.compete.budget import Clock
from fer_utils.compete.plan import epochs_for, jobs_for
from fer_utils.errors import FerError
from fer_utils.training.log import log

VIEWS = "shifts"  # ten views of each image
_PROBED = 8  # batches that a network's speed is measured on
_SUBMITTED = ("ensemble", "v8_distilled", "small")


def compete(settings, dataset, budget, members=9):
    """Train members, their ensemble and two distilled networks within a budget.

    Stopped at any point, it goes on where it was; all calls together spend the budget. The speed
    of each network is measured first. A network's epochs are settled when it begins, from the
    time left then. PublicTest is reported, and chooses nothing.

    Args:
        settings: the Settings; its run folder keeps all that is needed to continue.
        dataset: the Dataset, FER2013 or synthetic faces.
        budget: seconds of all calls together.
        members: int, networks in the ensemble where there is time for so many.

    Returns:
        list of flat dicts, the metrics of each network, of the ensemble, of the distilled ones.

    Raises:
        FerError: the budget is too small for one network, or anything that stops a fit.
    """
    with Clock(settings.run_dir / "clock.json") as clock:
        return Contest(settings, dataset, budget, clock).run(jobs_for(members, settings.seed))


class Contest:
    """One run of ``compete``; what it has settled stands in ``compete.json``."""

    def __init__(self, settings, dataset, budget, clock):
        self.settings, self.dataset = settings, dataset
        self.budget, self.clock = budget, clock
        self.path = settings.run_dir / "compete.json"
        state = runs.read_json(self.path) or {}
        known = state if state.get("data") == dataset.fingerprint else {}
        self.state = {"data": dataset.fingerprint, "costs": {}, "epochs": {}} | known

    def run(self, jobs):
        """Do the Jobs; return the metrics of all that came of them."""
        self._measure({job.network for job in jobs if job.key not in self.state["epochs"]})
        done = []
        for i, job in enumerate(jobs):
            if self._settled(job, jobs[i:], done):
                self._train(job, done)
                done.append(job)
        members = [job.key for job in done if not job.distilled]
        if len(members) > 1:
            self._combine(members)
        self._submit()
        said = [self._metrics(job.key, f"{job.key}_views") for job in done]
        return [*said, *([self._metrics("ensemble")] if len(members) > 1 else [])]

    def _settled(self, job, rest, done):
        """Return whether there is time for a Job, whose epochs are written down now."""
        epochs = self.state["epochs"]
        if job.key in epochs:
            return True
        waiting = [other for other in rest if other.key not in epochs]
        left = self.budget - self.clock.spent
        try:
            kept, found = epochs_for(waiting, self.state["costs"], left, bool(done))
        except FerError:
            if not done:
                raise
            kept = []
        if job not in kept:
            log(f"{job.key}: left out, {max(left, 0) / 60:.1f} minutes are left")
            return False
        self._write("epochs", epochs | {job.key: found * job.length})
        log(f"{job.key}: {job.network}, {found * job.length} epochs, {left / 60:.1f} minutes left")
        return True

    def _write(self, key, value):
        self.state[key] = value
        runs.write_json(self.path, self.state)

    def _train(self, job, done):
        recipe = self._recipe(job.network, self.state["epochs"][job.key])
        options = {}
        if job.distilled:
            recipe = dataclasses.replace(recipe, label_smoothing=0.0)  # its targets are soft
            options["targets"] = self._targets([x.key for x in done if not x.distilled])
        place = dataclasses.replace(self.settings, seed=job.seed)
        fit = training.fit_or_restore(job.network, self.dataset, place, recipe, job.key, **options)
        answers = self.state["costs"][job.network][1]
        an_epoch = statistics.median(fit.history["seconds"])
        self._write("costs", self.state["costs"] | {job.network: [an_epoch, answers]})
        self._views(job.key, fit.model)

    def _recipe(self, network, epochs):
        larger = (
            {"batch": 256, "learning_rate": 2e-3} if self.settings.profile.name == "gpu" else {}
        )
        return models.recipe(network, epochs=epochs, **larger)

    def _measure(self, networks):
        """Measure what an epoch of each network takes here, and its answers."""
        for network in sorted(networks - self.state["costs"].keys()):
            recipe = self._recipe(network, 2)
            train = self.dataset.rows("train")
            rows = train[: _PROBED * recipe.batch]
            key = f"measured_{network}"
            fit = training.fit_or_restore(
                network, self.dataset, self.settings, recipe, key, rows=rows
            )
            watched, all_rows = self.dataset.rows("valid"), len(self.dataset)
            began = time.perf_counter()
            training.predict(fit.model, self.dataset.images[watched])
            seconds = time.perf_counter() - began
            # An epoch ends with the watched rows and new batch-norm statistics: half as many.
            steps = max(fit.history["seconds"].iloc[-1] - 1.5 * seconds, 0.0)
            an_epoch = steps * len(train) / len(rows) + 1.5 * seconds
            views = len(ensemble.VIEWS[VIEWS]) + 1
            asked = views * (all_rows - len(train)) + len(train)  # a teacher is asked about train
            answers = seconds * asked / max(len(watched), 1)
            log(f"{network}: {an_epoch:.1f} s an epoch, {answers:.1f} s to answer")
            self._write("costs", self.state["costs"] | {network: [an_epoch, answers]})

    def _targets(self, teachers):
        """Return what the members teach, kept in a file: a fit continues with the same numbers."""
        folder = self.settings.run_dir
        finished = [runs.read_json(folder / key / "run.json")["finished"] for key in teachers]
        told = np.array([f"{key} {when}" for key, when in zip(teachers, finished, strict=True)])
        path = folder / "targets.npz"
        if path.exists():
            with np.load(path) as file:
                if np.array_equal(file["teachers"], told):
                    return file["targets"]
        networks = (models.load(folder / key / "model.keras") for key in teachers)
        targets = ensemble.soft_targets(self.dataset, networks)
        with runs.whole_file(path) as part, open(part, "wb") as file:
            np.savez(file, targets=targets, teachers=told)
        return targets

    def _views(self, key, network):
        """Write what a network says of several views, unless that is done."""
        run_dir = self.settings.run_dir
        done = run_dir / f"{key}_views" / "run.json"
        if done.exists() and done.stat().st_mtime >= (run_dir / key / "run.json").stat().st_mtime:
            return
        one = ensemble.load_members(run_dir, self.dataset, [key])
        said = ensemble.predict_views(network, self.dataset.images[one.index], VIEWS)
        ensemble.write_combined(run_dir, f"{key}_views", self.dataset, one, said, VIEWS)

    def _combine(self, members):
        run_dir = self.settings.run_dir
        names = [f"{key}_views" for key in members]
        told = ensemble.load_members(run_dir, self.dataset, names, leave_out_faulty=True)
        for name, fault in told.left_out.items():
            log(f"left out of the ensemble: {name} {fault}")
        said = ensemble.average(told.probabilities)
        ensemble.write_combined(run_dir, "ensemble", self.dataset, told, said, "average")

    def _metrics(self, *keys):
        """Return the metrics of a folder, with the accuracy of its views beside them."""
        folder = self.settings.run_dir
        first, *views = [runs.read_json(folder / key / "metrics.json") for key in keys]
        return first | ({"accuracy_of_views": views[0].get("accuracy")} if views else {})

    def _submit(self):
        """Write the submissions of what is there, and their rows in the ledger."""
        run_dir = self.settings.run_dir
        rows = submission.test_rows(self.dataset)
        folder = submission.folder(self.settings, rows)
        example = submission.find_example(self.settings.root)
        for key in _SUBMITTED:
            view = run_dir / f"{key}_views"
            # The small network is for speed: it is asked once.
            source = view if view.exists() and key != "small" else run_dir / key
            if not (source / "run.json").exists():
                continue
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


def table(metrics):
    """Return the lines of the table that a run ends with.

    Args:
        metrics: list of flat dicts from ``compete``.
    """
    head = ("", "network", "weights", "epochs", "seconds", "accuracy", "without twins", "views")
    rows = [head]
    for one in metrics:
        known = "accuracy" in one
        views = one.get("accuracy_of_views")
        rows.append(
            (
                one["model"],
                one["network"] if "+" not in one["network"] else "the members' mean",
                f"{one['parameters']:,}",
                str(one["epochs"]),
                f"{one['train_seconds']:.0f}",
                f"{one['accuracy']:.3f} ± {one['standard_error']:.3f}" if known else "",
                f"{one['accuracy_without_twins']:.3f}" if known else "",
                f"{views:.3f}" if views else "",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
