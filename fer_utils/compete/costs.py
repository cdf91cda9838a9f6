"""What networks cost on this machine: measured in a few steps, before any is trained."""

import platform
import shutil
import time

from fer_utils import ensemble, training
from fer_utils.backend import device
from fer_utils.compete.plan import recipe_for
from fer_utils.training.log import log

_PROBED = 8  # batches that a network's speed is measured on


class Costs:
    """Seconds that networks take on each machine that a run was continued on.

    Args:
        known: dict of machine to dict of network to ``[an epoch, its answers]``, in seconds.
        write: function that keeps such a dict.
    """

    def __init__(self, known, write):
        import keras

        self.known, self.write = known, write
        self.where = f"{keras.backend.backend()}, {device()}, {platform.node()}"

    @property
    def here(self):
        """Seconds of each network that was measured on this machine: an epoch, its answers."""
        return self.known.get(self.where, {})

    def keep(self, network, an_epoch, answers):
        """Write down what a network takes on this machine, in seconds."""
        self.known = self.known | {self.where: self.here | {network: [an_epoch, answers]}}
        self.write(self.known)

    def measure(self, networks, settings, dataset, views):
        """Measure what an epoch of each network takes here, and its answers.

        Args:
            networks: set of registered names; those already measured here are left out.
            settings: the Settings.
            dataset: the Dataset to be fitted.
            views: key of ``ensemble.VIEWS`` that will be asked about.
        """
        asked = len(ensemble.VIEWS[views]) + 1
        for network in sorted(networks - self.here.keys()):
            an_epoch, answers = _measured(network, settings, dataset, asked)
            log(f"{network}: {an_epoch:.1f} s an epoch, {answers:.1f} s to answer")
            self.keep(network, an_epoch, answers)


def _measured(network, settings, dataset, views):
    """Return the seconds of an epoch of a network, and of its answers."""
    recipe, train = recipe_for(network, settings.profile, 3), dataset.rows("train")
    rows, key = train[: _PROBED * recipe.batch], f"measured_{network}"
    shutil.rmtree(settings.run_dir / key, ignore_errors=True)  # another machine's
    fit = training.fit_or_restore(network, dataset, settings, recipe, key, rows=rows)
    answered = fit.predictions["index"]
    one = _seconds_an_image(fit.model, dataset.images[answered[:2048]])
    # An epoch ends with the watched rows and new batch-norm statistics.
    watched = 1.5 * one * (fit.predictions["split"] != "test").sum()
    seconds = fit.history["seconds"].iloc[1:].median()  # the first is for compiling
    an_epoch = max(seconds - watched, seconds / 4) * len(train) / len(rows) + watched
    return an_epoch, one * (views * len(answered) + 2 * len(train))  # of train as a teacher


def _seconds_an_image(network, images):
    training.predict(network, images)  # compiles
    began = time.perf_counter()
    training.predict(network, images)
    return (time.perf_counter() - began) / len(images)
