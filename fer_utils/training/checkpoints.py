"""The state of an unfinished fit, so that it can continue."""

import shutil

from fer_utils import runs
from fer_utils.training.log import log


class Checkpoints:
    """The state of an unfinished fit: network, optimiser and log after each epoch."""

    def __init__(self, folder, identity):
        self.folder = folder
        self.identity = identity

    def load(self, model):
        """Put the last state into the model; return its history, empty where there is none."""
        import keras

        state = runs.read_json(self.folder / "state.json") or {}
        if state.get("identity") != self.identity:
            return []
        if not state["history"]:
            return []
        weights = self.folder / state["weights"]
        model.optimizer.build(model.trainable_variables)  # else its state is not restored
        variables = [*model.variables, *model.optimizer.variables]
        fresh = [keras.ops.convert_to_numpy(variable) for variable in variables]
        try:
            model.load_weights(weights)
        except Exception as error:  # whatever a damaged file makes h5py and Keras raise
            for variable, value in zip(variables, fresh, strict=True):
                variable.assign(value)
            log(f"starts anew: {weights} is damaged ({error})")
            return []
        return state["history"]

    def begin(self):
        """Write an empty state: a folder that cannot be written is noticed before training."""
        runs.write_json(
            self.folder / "state.json", {"identity": self.identity, "weights": "", "history": []}
        )

    def save(self, model, history):
        """Write the weights first, then the file that names them: never half a state."""
        name = f"epoch{len(history)}.weights.h5"
        with runs.whole_file(self.folder / name) as part:
            model.save_weights(part)
        state = {"identity": self.identity, "weights": name, "history": history}
        runs.write_json(self.folder / "state.json", state)
        for old in self.folder.glob("*.weights.h5"):
            if old.name != name and runs.PART not in old.name:
                old.unlink(missing_ok=True)

    def remove(self):
        """Remove all of it: the fit is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)
