"""What a start from FER2013 is worth on few photographs: docs/results/transfer.md.

Usage: python benchmarks/transfer.py FER2013 FACIAL_EXPRESSIONS [VERSION] [EPOCHS]

FER2013 is a folder with the data, FACIAL_EXPRESSIONS the photographs (images/, data/legend.csv).
VERSION (default v5) is the one that its notebook left in runs/fer2013-cpu. It is fitted five
times to four fifths of the persons of the photographs, once from these weights, twice from
nothing, with the same rows, order, seed and EPOCHS (default 20), and judged on the other fifth.
What is known needs small steps: a trained start takes 0.3 of the version's learning rate. From
nothing the same rate is tried too, so that the gain is the start's and not the rate's. All is kept
in runs/transfer: a second call continues. Prints the table.
"""

import sys

import numpy as np

from fer_utils import backend, datasets, evaluation, faces, models, paths, settings, training

# Name: whether it begins with the trained weights, and its share of the version's learning rate.
STARTS = {
    "from nothing": (False, 1.0),
    "from nothing, small steps": (False, 0.3),
    "from FER2013": (True, 0.3),
}


def photographs(place):
    """Return the Dataset of faces cut out of the photographs, 48x48, persons as groups."""
    whole = datasets.load("facial_expressions", place.root, size=48)
    crop = faces.cropped(whole, place.root, size=48)
    return crop.take(crop.rows("train"))


def backbone(version, fer2013):
    """Return the network of a version that was trained on FER2013 in runs/fer2013-cpu.

    Raises:
        FerError: it was not trained there.
    """
    trained = settings.resolve(fer2013, "cpu").run_dir / version / "model.keras"
    return models.load(trained)


def judged(name, version, dataset, place, epochs, start):
    """Return out-of-fold probabilities ``(n, classes)`` of one of ``STARTS``.

    Args:
        name: its name there.
        version: ``v1`` to ``v8``.
        dataset: the Dataset.
        place: the Settings.
        epochs: int.
        start: the trained network.
    """
    trained, share = STARTS[name]
    usual = models.recipe(version)
    recipe = models.recipe(
        version,
        epochs=epochs,
        batch=32,
        schedule="cosine",
        keep="last",
        average=0.0,
        precision="auto",
        learning_rate=usual.learning_rate * share,
    )
    key = f"{version}_{name.replace(',', '').replace(' ', '_')}"
    options = {"start": start} if trained else {}
    told = training.cross_validate(version, dataset, place, recipe, key, 48, **options)
    return told["probabilities"]


def main():
    """Fit what is not fitted yet, and print the table."""
    fer2013, root = sys.argv[1:3]
    version, epochs = [*sys.argv[3:], *["v5", "20"][len(sys.argv) - 3 :]]
    where = backend.start()
    place = settings.resolve(root, "cpu", paths.output_root() / "runs" / "transfer")
    dataset = photographs(place)
    start = backbone(version, fer2013)
    answers = {name: judged(name, version, dataset, place, int(epochs), start) for name in STARTS}
    table = evaluation.compare(dataset.labels, answers, dataset.groups)
    f1 = {
        name: evaluation.bootstrap(dataset.labels, told, evaluation.macro_f1, dataset.groups)
        for name, told in answers.items()
    }
    persons = len(np.unique(dataset.groups))
    print(f"\n{version}: {models.resolve(version)}, {epochs} epochs, {len(dataset):,} photographs")
    print(f"of {persons:,} persons, five folds by person, one seed, {where}\n")
    print("| start | learning rate | accuracy | gained | macro F1 | gained |")
    print("|---|---|---|---|---|---|")
    first, usual = f1["from nothing"], models.recipe(version).learning_rate
    for name, row in table.iterrows():
        score = evaluation.macro_f1(dataset.labels, answers[name])
        gain = score - evaluation.macro_f1(dataset.labels, answers["from nothing"])
        print(
            f"| {name} | {usual * STARTS[name][1]:.0e} "
            f"| {row['accuracy']:.3f} ± {row['error']:.3f} "
            f"| {row['gain']:+.3f} ± {row['gain_error']:.3f} "
            f"| {score:.3f} ± {f1[name].std():.3f} "
            f"| {gain:+.3f} ± {(f1[name] - first).std():.3f} |"
        )


if __name__ == "__main__":
    main()
