"""The state of an unfinished fit, so that it can continue."""

from fer_utils import runs
from fer_utils.training.log import log


class Checkpoints:
    """The state of an unfinished fit: network, optimiser and log after each epoch."""

    def __init__(self, folder, identity):
        self.folder = folder
        self.identity = identity

    def load(self, model):
        """Put the last state into the model; return its history, empty where there is none."""
        state = runs.read_json(self.folder / "state.json") or {}
        if state.get("identity") != self.identity:
            return []
        weights = self.folder / state["weights"]
        try:
            model.optimizer.build(model.trainable_variables)  # else its state is not restored
            model.load_weights(weights)
        except (OSError, ValueError) as error:
            log(f"starts anew: {weights} is damaged ({error})")
            return []
        return state["history"]

    def save(self, model, history):
        """Write the weights first, then the file that names them: never half a state."""
        name = f"epoch{len(history)}.weights.h5"
        with runs.whole_file(self.folder / name) as part:
            model.save_weights(part)
        state = {"identity": self.identity, "weights": name, "history": history}
        runs.write_json(self.folder / "state.json", state)
        for old in self.folder.glob("*.weights.h5"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def remove(self):
        """Remove all of it: the fit is finished."""
        for file in self.folder.glob("*"):
            file.unlink(missing_ok=True)
        self.folder.rmdir()
