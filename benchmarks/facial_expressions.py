"""Seed 000's last networks on its photographs, by person: docs/results/narrowing_kernels.md.

Usage: python benchmarks/facial_expressions.py FACIAL_EXPRESSIONS [SIDE ...]

FACIAL_EXPRESSIONS holds the photographs (images/, data/legend.csv). jhamski and jh_v2 to jh_v5
are fitted to four fifths of the persons at each SIDE in pixels (default 48 96 150), with the
source's loss and optimiser and its random moves, drawn anew each epoch, and judged on the last
fifth. All is kept in runs/facial_expressions-cpu: a second call continues. Prints the table.
"""

import dataclasses
import sys

import numpy as np

from fer_utils import backend, datasets, evaluation, models, settings, training

NETWORKS = ("jhamski", "jh_v2", "jh_v3", "jh_v4", "jh_v5")
EPOCHS, BATCH = 12, 32  # some 1,300 steps; the source had 1,300 to 4,000 of batches of 200
LOSSES = ("binary_crossentropy", "categorical_crossentropy")
BOTH = ("jhamski", "jh_v5")  # seen with either loss


def photographs(root, side, held_out=None):
    """Return the labelled photographs, a fifth of the persons as ``valid``.

    Args:
        root: the folder.
        side: int, pixels.
        held_out: names of the ``valid`` ones; None to part the persons now.
    """
    dataset = datasets.load("facial_expressions", root, size=side)
    dataset = dataset.take(dataset.rows("train"))
    if held_out is None:
        return datasets.hold_out(dataset, 0.2, seed=0)
    split = np.where(np.isin(dataset.names, held_out), "valid", "train")
    return dataclasses.replace(dataset, split=split)


def fitted(name, loss, dataset, place, side):
    """Return the Fit of one network with one loss at one size."""
    recipe = models.recipe(
        name, loss=loss, epochs=EPOCHS, batch=BATCH, augmentation="seed000", precision="auto"
    )
    return training.fit_or_restore(name, dataset, place, recipe, f"{name}_{side}_{loss[:6]}")


def line(name, side, loss, fit, known, persons):
    """Return a line of the table."""
    told = fit.predictions["probabilities"]
    cells = [name, str(side), loss.split("_")[0], f"{fit.metrics['parameters']:,}"]
    for metric in (evaluation.accuracy, evaluation.macro_f1):
        error = evaluation.bootstrap(known, told, metric, persons).std()
        cells.append(f"{metric(known, told):.3f} ± {error:.3f}")
    return "| " + " | ".join([*cells, f"{fit.metrics['train_seconds']:.0f}"]) + " |"


def main():
    """Fit what is not fitted yet, and print the table."""
    root, sides = sys.argv[1], [int(side) for side in sys.argv[2:]] or [48, 96, 150]
    where, place = backend.start(), settings.resolve(root, "cpu")
    largest = photographs(root, max(sides))
    rows = largest.rows("valid")
    names, known, persons = largest.names[rows], largest.labels[rows], largest.groups[rows]
    most = np.bincount(known).max() / len(known)
    print(f"\n{len(rows):,} photographs of {len(np.unique(persons)):,} persons held out, {where};")
    print(f"the most frequent class has {most:.3f} of them.\n")
    print("| network | pixels | loss | weights | accuracy | macro F1 | seconds |")
    print("|---" * 7 + "|")
    for side in sides:
        dataset = photographs(root, side, names)
        for name in NETWORKS:
            if name == "jh_v3" and side < 76:
                continue  # its smallest size
            for loss in LOSSES if name in BOTH else LOSSES[:1]:
                fit = fitted(name, loss, dataset, place, side)
                print(line(name, side, loss, fit, known, persons), flush=True)


if __name__ == "__main__":
    main()
