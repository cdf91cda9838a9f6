"""Lays a network that ships with the package into a run folder, beside what a run trains."""

from fer_utils import evaluation, runs, training
from fer_utils.errors import FerError
from fer_utils.training.identity import architecture_of
from fer_utils.weights import _HERE, about, load_pretrained

_COPIED = ("network", "parameters", "epochs", "train_seconds", "device")
_RUN = ("commit", "backend", "finished", "device")


def unpack(name, run_dir, key, dataset, folder=_HERE):
    """Write what a fit of this network would have left in a run folder, but its learning curve.

    Notebooks that ask networks and train none (15 to 18) then do it with this one, and a contest
    can take it in (``compete --join``), without hours of training. Notebook 12 still trains its
    own: it restores no weights that were rounded to float16.

    Args:
        name: one of ``list_pretrained()``.
        run_dir: Path of the run folder.
        key: the folder under it, for example ``v8``.
        dataset: the Dataset of FER2013.
        folder: where the shipped files are.

    Returns:
        dict, the scores of the file on these data.

    Raises:
        FerError: no such name, other data than it was fitted to, or a fit of that name is there.
    """
    told, place = about(name, folder), run_dir / key
    if dataset.name != told["data"] or dataset.classes != told["classes"]:
        raise FerError(f"{name} was fitted to {told['data']}, not to {dataset.name}: give that")
    if (place / "run.json").exists():
        raise FerError(f"{place} holds a network already: choose another name")
    network = load_pretrained(name, folder)
    with runs.whole_file(place / "model.keras") as part:
        network.save(part)
    rows = dataset.rows("valid", "test")
    said = training.predict(network, dataset.images[rows])
    predictions = {"index": rows, "split": dataset.split[rows], "probabilities": said}
    metrics = {"model": key, **{what: told[what] for what in _COPIED}}
    metrics |= evaluation.evaluate(dataset, predictions)
    runs.write_predictions(place / "predictions.npz", **predictions)
    runs.write_json(place / "metrics.json", metrics)
    run = {"identity": _identity(name, told, network, dataset), **{x: told[x] for x in _RUN}}
    runs.write_json(place / "run.json", run)  # last: it vouches for the others
    return metrics


def _identity(name, told, network, dataset):
    return {
        "model": told["network"],
        "data": dataset.fingerprint,
        "dataset": dataset.name,
        "classes": list(dataset.classes),
        "profile": "shipped",
        "shipped": name,
        "seed": told["seed"],
        "parameters": network.count_params(),
        "architecture": architecture_of(network),
        "recipe": told["recipe"],
    }
