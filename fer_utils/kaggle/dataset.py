"""Uploads the data set that takes the suite to Kaggle, once for all kernels that run it."""

import json
import time

from fer_utils import kaggle, runs
from fer_utils.errors import FerError

_LOOK, _PATIENCE = 5, 900  # seconds: how often, and how long a call waits for it
_GIVEN_UP = 3600  # seconds until a version that Kaggle still does not show is sent again
_LOST = ("failed", "deleted")


def send(client, folder, made, say):
    """Upload the data set, unless what Kaggle has is it, and wait until it is ready.

    Args:
        client: the Client.
        folder: holds it in ``dataset``, and the note of what was sent.
        made: its hash.
        say: takes lines of text.

    Raises:
        FerError: Kaggle refuses it, fails to prepare it, or takes long.
    """
    dataset = f"{client.user}/{kaggle.DATASET}"
    note, there = folder / "sent.json", _state(client, dataset)
    noted = runs.read_json(note) or {}
    if (noted.get("dataset"), noted.get("bundle")) == (dataset, made) and _is_at(there, noted):
        say(f"data set {dataset}: there already")
    else:
        _upload(client, dataset, folder / "dataset", made if there else None, say)
        noted = {"dataset": dataset, "bundle": made, "version": _version(there) + 1}
        # Before it is waited for: a call that is stopped meanwhile has sent it all the same.
        runs.write_json(note, noted | {"until": time.time() + _GIVEN_UP})
    _wait(client, dataset, noted["version"])
    runs.write_json(note, {name: noted[name] for name in ("dataset", "bundle", "version")})


def _is_at(there, noted):
    """Return whether Kaggle has the version noted, or may still be preparing it."""
    if there and there["status"] in _LOST:
        return False
    ahead = noted["version"] - _version(there)  # below 0: another clone has sent one since
    return ahead == 0 or (ahead > 0 and time.time() < noted.get("until", 0))


def _version(state):
    return (state and state["current_version_number"]) or 0


def _upload(client, dataset, folder, version, say):
    """Send a folder as a version of a data set that is there, or as a new one without a name."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    say(f"data set {dataset}: sending {size / 1e6:.1f} MB")
    what, order, api = f"the data set {dataset}", str(folder), client.api
    if version:
        answer = client.tell(what, api.dataset_create_version, order, version, quiet=True)
    else:
        answer = client.tell(what, api.dataset_create_new, order, quiet=True)
    if answer.error:
        raise FerError(f"{what}: Kaggle refuses it: {client.clean(answer.error)}")


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
        if word == "ready" and _version(state) >= version:
            return
        if word in _LOST:
            raise FerError(f"the data set {dataset}: Kaggle says {word}: push again")
        if time.monotonic() > end:
            raise FerError(
                f"the data set {dataset} is still being prepared ({word}): run the same command "
                "again in some minutes"
            )
        time.sleep(_LOOK)
