"""Uploads the data set that takes the suite to Kaggle, once for all kernels that run it."""

import json
import time

from fer_utils import kaggle, runs
from fer_utils.errors import FerError

_LOOK, _PATIENCE = 5, 900  # seconds: how often, and how long, it is waited for


def send(client, folder, made, say):
    """Upload the data set, unless what Kaggle has is it, and wait until it is ready.

    Args:
        client: the Client.
        folder: holds it in ``dataset``, and the note of what came through.
        made: its hash.
        say: takes lines of text.

    Raises:
        FerError: Kaggle refuses it, fails to prepare it, or takes long.
    """
    dataset = f"{client.user}/{kaggle.DATASET}"
    note, there = folder / "sent.json", _state(client, dataset)
    version = there and there["current_version_number"]
    noted = {"dataset": dataset, "bundle": made, "version": version}
    if there and runs.read_json(note) == noted:
        say(f"data set {dataset}: there already")
    else:
        noted["version"] = (version or 0) + 1
        size = sum(path.stat().st_size for path in (folder / "dataset").iterdir())
        say(f"data set {dataset}: sending {size / 1e6:.1f} MB")
        what, order = f"the data set {dataset}", str(folder / "dataset")
        if there:
            answer = client.tell(what, client.api.dataset_create_version, order, made, quiet=True)
        else:
            answer = client.tell(what, client.api.dataset_create_new, order, quiet=True)
        if answer.error:
            raise FerError(f"{what}: Kaggle refuses it: {client.clean(answer.error)}")
    _wait(client, dataset, noted["version"] or 0)
    runs.write_json(note, noted)  # not before: Kaggle may fail to process what was sent


def _state(client, dataset):
    """Return a data set's status and version, None where there is none of ours."""
    answer = client.peek(f"the data set {dataset}", client.api.dataset_status, dataset, "json")
    return None if answer in (403, 404) else json.loads(answer)


def _wait(client, dataset, version):
    # A kernel that starts before gets the version before.
    end = time.monotonic() + _PATIENCE
    while True:
        state = _state(client, dataset) or {"status": "hidden"}
        word = state["status"]
        if word == "ready" and (state["current_version_number"] or 0) >= version:
            return
        if word in ("failed", "deleted"):
            raise FerError(f"the data set {dataset}: Kaggle says {word}: push again")
        if time.monotonic() > end:
            raise FerError(
                f"the data set {dataset} is still being prepared ({word}): run the same command "
                "again in some minutes"
            )
        time.sleep(_LOOK)
