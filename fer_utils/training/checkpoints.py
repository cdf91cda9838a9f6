"""The state of an unfinished fit, so that it can continue."""

import contextlib
import shutil

import numpy as np

from fer_utils import runs
from fer_utils.training.identity import differences
from fer_utils.training.log import log


class Checkpoints:
    """The state of an unfinished fit: network, optimiser and log after each epoch.

    Averaged weights are among the optimiser's. What else goes on, the best epoch's loss, a
    plateau's length, follows from the log; the best epoch's weights have a file of their own.

    Args:
        folder: Path, where the files are.
        identity: see ``identity.identity_of``; the state of another fit is not taken.
    """

    def __init__(self, folder, identity):
        self.folder, self.identity = folder, identity
        self.best = None

    def history(self):
        """Return what was logged, one dict an epoch; empty where there is nothing to continue."""
        return self._state()["history"]

    def _state(self):
        state = runs.read_json(self.folder / "state.json")
        if state is None or differences(state.get("identity", {}), self.identity):
            return {"history": []}
        return state

    def load(self, model, network):
        """Put the last state into the model.

        Args:
            model: the compiled ``keras.Model`` that is fitted, its optimiser built.
            network: the one inside it that is kept.

        Returns:
            ``(history, best)``: as ``history()`` says, but empty where a file is damaged, and
            the best epoch's weights, None where none is kept.
        """
        import keras

        state = self._state()
        if not state["history"]:
            return [], None
        variables = _variables(model)
        fresh = [keras.ops.convert_to_numpy(variable) for variable in variables]
        try:
            return state["history"], self._loaded(state, variables, network)
        except Exception as error:  # whatever a damaged file makes NumPy and Keras raise
            for variable, value in zip(variables, fresh, strict=True):
                variable.assign(value)
            self.best = None
            log(f"starts anew: a file in {self.folder} is damaged ({error})")
            return [], None

    def _loaded(self, state, variables, network):
        best, self.best = None, state.get("best")
        if self.best:
            best = _read(self.folder / self.best)
            network.set_weights(best)  # they must fit
        for variable, value in zip(variables, _read(self.folder / state["weights"]), strict=True):
            variable.assign(value)
        return best

    def begin(self):
        """Write an empty state: a folder that cannot be written is noticed before training."""
        state = {"identity": self.identity, "weights": "", "history": []}
        runs.write_json(self.folder / "state.json", state)

    def save_best(self, network, epoch):
        """Write the weights that the network has now; they count once ``save`` names them."""
        self.best = f"best{epoch}.npz"
        _write(self.folder / self.best, network.weights)

    def save(self, model, history):
        """Write the weights first, then the file that names them: never half a state."""
        name = f"epoch{len(history)}.npz"
        _write(self.folder / name, _variables(model))
        named = {"weights": name, "best": self.best}
        runs.write_json(
            self.folder / "state.json", {"identity": self.identity, **named, "history": history}
        )
        for old in self.folder.glob("*.npz"):
            if old.name not in named.values() and runs.PART not in old.name:
                with contextlib.suppress(OSError):  # it goes with the folder in the end
                    old.unlink(missing_ok=True)

    def remove(self):
        """Remove all of it: the fit is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _variables(model):
    """Return what training changes: seeds are put right as an epoch begins, images do not."""
    own = [variable for variable in model.weights if variable.dtype != "uint8"]
    return [*own, *model.optimizer.variables]


def _write(path, variables):
    import keras

    # Not Keras's own weight files: their library ends the process where the disk is full.
    arrays = {f"{i}": keras.ops.convert_to_numpy(value) for i, value in enumerate(variables)}
    with runs.whole_file(path) as part:
        np.savez(part, **arrays)


def _read(path):
    with np.load(path, allow_pickle=False) as file:
        return [file[f"{i}"] for i in range(len(file.files))]
