"""Makes what ships of a run: a trained network's file in float16, and its card."""

import functools
import tempfile

import numpy as np

from fer_utils import evaluation, models, runs, training
from fer_utils.errors import FerError
from fer_utils.training.identity import architecture_of
from fer_utils.weights import _HERE, load_pretrained, save_pretrained
from fer_utils.weights.card import card

_RUN = ("commit", "backend", "finished")
_SPOILT = 1000  # rows of PublicTest at most that are asked about spoilt, 40 times each
_COPIED = ("network", "parameters", "epochs", "train_seconds", "device")


def ship(run_dir, key, name, dataset, folder=_HERE):
    """Write ``NAME.npz`` and its card ``NAME.md`` of a network that a run trained.

    The scores are those of the file: of the weights as float16 has them, on PublicTest; so are
    what it takes for what, how sure it may be, and what is left of it on spoilt images.

    Args:
        run_dir: Path of the run folder.
        key: the network's folder under it.
        name: under which ``load_pretrained`` finds it.
        dataset: the Dataset it was trained on.
        folder: Path, where both go.

    Returns:
        dict, what the file tells of itself, see ``weights.about``.

    Raises:
        FerError: it was not trained, or otherwise than the card says (on other data than all of
            FER2013's Training, from another start, at another size than the images'); PublicTest's
            labels are not known.
    """
    run = runs.read_run(run_dir / key)
    if run is None:
        raise FerError(f"{run_dir / key} has no finished training: train it first")
    identity, metrics = run["identity"], runs.read_json(run_dir / key / "metrics.json")
    teachers = _teachers(run_dir, identity)
    _check(key, identity, teachers, dataset)
    side = dataset.images.shape[1:3]
    told = {name: metrics[name] for name in _COPIED} | {name: run[name] for name in _RUN}
    told |= {"classes": list(dataset.classes), "input": list(side), "size": list(side)}
    told |= {"recipe": identity["recipe"], "seed": identity["seed"], "teachers": teachers}
    told |= {"data": dataset.name, "fitted": len(dataset.rows("train"))}
    network = models.load(run_dir / key / "model.keras", classes=dataset.classes)
    built = models.build(told["network"], dataset.classes, side, side)
    if architecture_of(network) != architecture_of(built):
        raise FerError(f"{key} sees the images at another size than their own: train it at that")
    with tempfile.TemporaryDirectory() as place:  # a kill leaves no file without scores
        save_pretrained(name, network, told, place)
        told |= _measured(load_pretrained(name, place), dataset)
    path = save_pretrained(name, network, told, folder)
    runs.write_text(path.with_suffix(".md"), card(name, told, path.stat().st_size))
    return told


def _check(key, identity, teachers, dataset):
    """Raise FerError unless the card's words on the data hold: all of Training, nothing else."""
    if identity["data"] != dataset.fingerprint:
        raise FerError(f"{key} was trained on other data: give the folder that it was trained on")
    known = dataset.labels[dataset.rows("valid")] >= 0
    if dataset.name != "fer2013" or not known.all() or not len(known):
        raise FerError("what ships is scored on PublicTest: give FER2013 with its labels")
    more = _own(identity)
    if "targets" in identity and not teachers:
        more.append("targets")
    if more:
        raise FerError(
            f"{key} was fitted with {', '.join(more)} of its own: what ships has learned all of "
            "Training, from nothing, by its labels or by what the members of a contest say"
        )


def _own(identity):
    """Return what a network was fitted with that is not all of Training from a random start."""
    own = [name for name in ("rows", "start", "weights") if name in identity]
    recipe = identity["recipe"]
    return [*own, *(["held-out rows"] if recipe["keep"] != "last" or recipe["patience"] else [])]


def _measured(network, dataset):
    """Return what is told of a network's answers to PublicTest."""
    rows = dataset.rows("valid")
    labels, said = dataset.labels[rows], training.predict(network, dataset.images[rows])
    counts = evaluation.confusion(labels, said, dataset.classes)
    return {
        "scores": _scores(dataset, rows, labels, said),
        "confusions": evaluation.largest_confusions(counts).to_dict("records"),
        "calibration": evaluation.calibration(labels, said, dataset.groups[rows]),
        "corruptions": _corruptions(network, dataset, rows),
    }


def _scores(dataset, rows, labels, said):
    answers = {"index": rows, "split": dataset.split[rows], "probabilities": said}
    by_class = {
        dataset.classes[label]: _json(evaluation.of_class(labels, said, label))
        for label in np.unique(labels)
    }
    return {**evaluation.evaluate(dataset, answers), "classes": by_class}


def _corruptions(network, dataset, rows):
    """Return accuracies on some of the rows, drawn at random, as they are and spoilt."""
    part = np.sort(np.random.default_rng(0).permutation(rows)[:_SPOILT])
    asked = {"it": functools.partial(training.predict, network)}
    table = evaluation.robustness(asked, dataset.images[part], dataset.labels[part]).loc["it"]
    spoilt = {name: row.tolist() for name, row in table.drop(columns=0).iterrows()}
    return {"rows": len(part), "as_it_is": float(table[0].iloc[0]), "accuracy": spoilt}


def _json(row):
    """Return a row with None for NaN, which JSON does not know."""
    return {key: None if np.isnan(value) else value for key, value in row.items()}


def _teachers(run_dir, identity):
    """Return the networks whose answers were learned, empty where labels were."""
    if "targets" not in identity:
        return []
    keys = (runs.read_json(run_dir / "compete.json") or {}).get("teachers", [])
    for key in keys:
        own = _own(runs.read_json(run_dir / key / "run.json")["identity"])
        if own:
            raise FerError(
                f"its teacher {key} was fitted with {', '.join(own)} of its own: the card would "
                "say that no other faces and no trained weights had a part in it"
            )
    return [runs.read_json(run_dir / key / "metrics.json")["network"] for key in keys]
