"""DATA622: from FER2013 and the competition's photographs to submissions/data622-v2.csv.

Usage: python benchmarks/data622.py FER2013 FACIAL_EXPRESSIONS

FER2013 is a folder with FER2013 and FER+'s fer2013new.csv, FACIAL_EXPRESSIONS the competition's
(images/, data/legend.csv, test/). A network is fitted to FER+'s votes on FER2013's Training,
then, five times, to four fifths of the persons of the photographs, and judged on the others; twice
so, once on faces turned upright. Beside them a linear classifier takes its features as they are.
All is kept in runs/data622: a second call continues. Prints the tables of
docs/results/data622.md, writes the submission and its row in the ledger.
"""

import dataclasses
import functools
import sys

import numpy as np

from fer_utils import (
    backend,
    balance,
    datasets,
    evaluation,
    faces,
    labels,
    models,
    paths,
    runs,
    settings,
    submission,
    training,
)
from fer_utils.datasets import ferplus, photographs

NETWORK = "vgg_gap"
COMMON = 100  # examples that a class needs for the second macro F1
FAST = {"precision": "mixed_bfloat16", "average": 0.0}
FIRST = models.recipe(NETWORK, epochs=20, label_smoothing=0.0, **FAST)
TUNED = models.recipe(NETWORK, epochs=10, learning_rate=3e-4, **FAST)
# Name: whether faces are turned upright, and how classes weigh.
MEMBERS = {
    "tuned_crop": (False, {"class_weights": "none"}),
    "tuned_align": (True, {"class_weights": "root"}),
}
POWER = 0.5  # of a class's size that its weight is divided by: the "root" of a recipe
STRENGTHS = (0.003, 0.01, 0.03)  # C of the linear classifiers
BANDS = ((1, 4), (4, 8), (8, 16), (16, 32), (32, 50), (50, 75))  # waves on 150 pixels


def pretrained(fer2013, run_dir):
    """Return the Fit on FER2013's Training, its targets the votes of FER+'s annotators."""
    dataset = datasets.load("fer2013", fer2013)
    votes = ferplus.votes(ferplus.find(fer2013), dataset)
    soft = ferplus.soft_labels(votes, labels.DATA622)
    train = (dataset.split == "train") & (soft.sum(axis=1) > 0.5)
    known = np.where(
        dataset.split == "train", soft.argmax(axis=1), ferplus.majority(votes, labels.DATA622)
    )
    rows = np.flatnonzero(train | ((dataset.split == "valid") & (known >= 0)))
    dataset = dataclasses.replace(dataset, labels=known.astype(np.int8), classes=labels.DATA622)
    place = settings.resolve(fer2013, "cpu", run_dir)
    return training.fit_or_restore(
        NETWORK, dataset.take(rows), place, FIRST, key="ferplus", targets=soft[rows]
    )


def looked_at(place):
    """Return the photographs, and three views of them, all with the same groups."""
    whole = datasets.load("facial_expressions", place.root, size=48)
    crop = faces.cropped(whole, place.root, size=48)
    upright = faces.cropped(whole, place.root, size=48, align=True)
    views = {"whole": whole, "crop": crop, "upright": upright}
    groups = datasets.group_identical(upright.images, crop.groups)  # crop's hold whole's
    views = {name: dataclasses.replace(view, groups=groups) for name, view in views.items()}
    return views["whole"], views


def tuned(name, views, place, start):
    """Return a member's out-of-fold probabilities, and those of the test rows."""
    align, changes = MEMBERS[name]
    dataset = views["upright" if align else "crop"]
    recipe = dataclasses.replace(TUNED, **changes)
    told = training.cross_validate(
        NETWORK, dataset, place, recipe, name, start=start, mirrored=True
    )
    return told["probabilities"]


def features(views, network):
    """Return float32 ``(n, views * 256)``: what the last layer is given, of each view."""
    import keras

    inner = keras.Model(network.input, network.get_layer("probabilities").input)
    return np.hstack([training.predict(inner, view.images, mirrored=True) for view in views])


def properties(dataset, root):
    """Return float ``(n, 12)``: what a photograph is like, whatever it shows.

    Its size, shape, sharpness, brightness, contrast and colour, and how much of it is coarse or
    fine. Stills of films, where most of the disgust is, are small, soft and not grey.
    """
    return np.array(
        [_properties(photographs.read(root / name, rgb=True)) for name in dataset.names]
    )


def _properties(photo):
    import cv2

    height, width = photo.shape[:2]
    grey = photographs.fitted(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), (150, 150)).astype(float)
    edges = cv2.Laplacian(grey, cv2.CV_64F).var()
    power = np.abs(np.fft.fftshift(np.fft.fft2(grey - grey.mean()))) ** 2
    radius = np.hypot(*(np.indices(power.shape) - 75))
    bands = [power[(radius >= low) & (radius < high)].mean() for low, high in BANDS]
    first = np.log(min(height, width)), height / width, np.log1p(edges)
    return [*first, grey.mean(), grey.std(), photo.std(axis=2).mean(), *np.log1p(bands)]


def linear(dataset, seen, seed):
    """Return probabilities as ``tuned``: the mean of linear classifiers of the features."""
    train, others = dataset.rows("train"), dataset.rows("test")
    told = np.zeros((len(dataset), len(dataset.classes)))
    for kept, held_out in datasets.folds(dataset, train, 5, seed):
        asked = np.concatenate([held_out, others])
        answered = np.mean([answers(dataset, seen, kept, asked, c) for c in STRENGTHS], axis=0)
        told[held_out] = answered[: len(held_out)]
        told[others] += answered[len(held_out) :] / 5
    return told


def answers(dataset, seen, rows, asked, strength):
    """Fit a linear classifier to some rows; return what it says of others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = dataset.labels[rows]
    weights = balance.class_weights(known, dataset.classes, POWER)
    classifier = LogisticRegression(C=strength, class_weight=weights, max_iter=1000)
    fitted = make_pipeline(StandardScaler(), classifier).fit(seen[rows], known)
    told = np.zeros((len(asked), len(dataset.classes)))
    told[:, classifier.classes_] = fitted.predict_proba(seen[asked])
    return told


def row(name, dataset, told):
    """Return a table's row: each score out of fold, with its error by person."""
    rows = dataset.rows("train")
    known, persons = dataset.labels[rows], dataset.groups[rows]
    common = np.flatnonzero(np.bincount(known) >= COMMON)
    among_common = functools.partial(evaluation.macro_f1, among=common)
    cells = [name]
    for metric in (evaluation.accuracy, evaluation.macro_f1, among_common):
        error = evaluation.bootstrap(known, told[rows], metric, persons).std()
        cells.append(f"{metric(known, told[rows]):.3f} ± {error:.3f}")
    return "| " + " | ".join(cells) + " |"


def per_class(dataset, told):
    """Return a markdown table: examples, precision, recall and F1 of each class."""
    from sklearn.metrics import precision_recall_fscore_support

    rows = dataset.rows("train")
    columns = precision_recall_fscore_support(
        dataset.labels[rows],
        told[rows].argmax(axis=1),
        labels=range(len(dataset.classes)),
        zero_division=0,
    )
    lines = ["| emotion | photographs | precision | recall | F1 |", "|---|---|---|---|---|"]
    for name, precision, recall, f1, n in zip(dataset.classes, *columns, strict=True):
        lines.append(f"| {name} | {n} | {precision:.2f} | {recall:.2f} | {f1:.2f} |")
    return "\n".join(lines)


def write(dataset, told, start, seconds):
    """Write the submission and its row in the ledger."""
    run = training.provenance()  # asked before the file that is written makes the tree differ
    run |= {"identity": {"dataset": dataset.name, "profile": "cpu", "seed": 0}}
    test = dataset.rows("test")
    answered = [dataset.classes[label] for label in told[test].argmax(axis=1)]
    place = paths.output_root() / "submissions"
    file = submission.write_data622(
        place / "data622-v2.csv", dataset.names[test].tolist(), answered
    )
    metrics = {
        "model": f"v2: {NETWORK}, FER+, 5 folds",
        "parameters": start.count_params(),
        "train_seconds": seconds,
    }
    submission.record(place / "leaderboard.csv", file, metrics, run)
    return file


def main():
    """Train what is not trained yet, judge it, write the submission."""
    import keras

    fer2013, photographs = sys.argv[1:3]
    where, run_dir = backend.start(), paths.output_root() / "runs" / "data622"
    keras.utils.set_random_seed(0)
    first = pretrained(fer2013, run_dir)
    place = settings.resolve(photographs, "cpu", run_dir)
    whole, views = looked_at(place)
    start = first.model
    members = {name: tuned(name, views, place, start) for name in MEMBERS}
    networks = np.mean(list(members.values()), axis=0)
    seen = features(views.values(), start)
    members["linear, faces alone"] = linear(whole, seen, place.seed)
    seen = np.hstack([seen, properties(whole, place.root)])
    members["linear"] = linear(whole, seen, place.seed)
    told = [training.predict(start, view.images, mirrored=True) for view in views.values()]
    members["untuned"] = np.mean(told, axis=0)
    last = (networks + members["linear"]) / 2

    n, persons = len(whole.rows("train")), len(np.unique(whole.groups[whole.rows("train")]))
    print(f"\n{n:,} photographs of {persons:,} persons, {where}\n")
    print("| out of fold | accuracy | macro F1, 8 classes | macro F1, 6 classes |")
    print("|---|---|---|---|")
    for name, told in {**members, "together": last}.items():
        print(row(name, whole, told))
    print(f"\n{per_class(whole, last)}\n")
    folds = [runs.read_json(run_dir / name / f"fold{i}" / "metrics.json")
             for name in MEMBERS for i in range(5)]  # fmt: skip
    seconds = round(sum(m["train_seconds"] for m in [first.metrics, *folds]), 1)
    print(write(whole, last, start, seconds))


if __name__ == "__main__":
    main()
