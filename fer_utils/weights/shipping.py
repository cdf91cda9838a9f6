"""Makes what ships of a run: a trained network's file in float16, and its card."""

import numpy as np

from fer_utils import evaluation, models, runs, training
from fer_utils.errors import FerError
from fer_utils.training.identity import architecture_of
from fer_utils.weights import _HERE, load_pretrained, save_pretrained
from fer_utils.weights.card import card

_COPIED = ("network", "parameters", "epochs", "train_seconds", "device")


def ship(run_dir, key, name, dataset, folder=_HERE):
    """Write ``NAME.npz`` and its card ``NAME.md`` of a network that a run trained.

    The scores are those of the file: of the weights as float16 has them, on PublicTest.

    Args:
        run_dir: Path of the run folder.
        key: the network's folder under it.
        name: under which ``load_pretrained`` finds it.
        dataset: the Dataset it was trained on.
        folder: Path, where both go.

    Returns:
        dict, what the file tells of itself, see ``weights.about``.

    Raises:
        FerError: it was not trained, on other data, or at another size than its images';
            PublicTest's labels are not known.
    """
    run = runs.read_json(run_dir / key / "run.json")
    if run is None:
        raise FerError(f"{run_dir / key} has no finished training: train it first")
    identity, metrics = run["identity"], runs.read_json(run_dir / key / "metrics.json")
    if identity["data"] != dataset.fingerprint:
        raise FerError(f"{key} was trained on other data: give the folder that it was trained on")
    rows = dataset.rows("valid")
    if not len(rows) or (dataset.labels[rows] < 0).any():
        raise FerError("the card needs scores: give data whose PublicTest has labels")
    side = list(dataset.images.shape[1:3])
    told = {name: metrics[name] for name in _COPIED}
    told |= {name: run[name] for name in ("commit", "backend", "finished")}
    told |= {"classes": list(dataset.classes), "input": side, "size": side}
    told |= {"recipe": identity["recipe"], "seed": identity["seed"], "data": dataset.name}
    told |= {"fitted": len(dataset.rows("train")), "teachers": _teachers(run_dir, identity)}

    network = models.load(run_dir / key / "model.keras", classes=dataset.classes)
    built = models.build(told["network"], dataset.classes, side, side)
    if architecture_of(network) != architecture_of(built):
        raise FerError(f"{key} sees the images at another size than their own: train it at that")
    save_pretrained(name, network, told | {"scores": {}}, folder)
    said = training.predict(load_pretrained(name, folder), dataset.images[rows])
    answers = {"index": rows, "split": dataset.split[rows], "probabilities": said}
    told["scores"] = evaluation.evaluate(dataset, answers)
    told["scores"]["classes"] = {
        dataset.classes[label]: _json(evaluation.of_class(dataset.labels[rows], said, label))
        for label in np.unique(dataset.labels[rows])
    }
    path = save_pretrained(name, network, told, folder)
    runs.write_text(path.with_suffix(".md"), card(name, told, path.stat().st_size))
    return told


def _json(row):
    """Return a row with None for NaN, which JSON does not know."""
    return {key: None if np.isnan(value) else value for key, value in row.items()}


def _teachers(run_dir, identity):
    """Return the networks whose answers were learned, empty where labels were."""
    if "targets" not in identity:
        return []
    keys = (runs.read_json(run_dir / "compete.json") or {}).get("teachers", [])
    return [runs.read_json(run_dir / key / "metrics.json")["network"] for key in keys]
