"""Seed 000's last networks on its photographs, by person: docs/results/narrowing_kernels.md.

Usage: python benchmarks/facial_expressions.py FACIAL_EXPRESSIONS [SIDE ...]

FACIAL_EXPRESSIONS holds the photographs (images/, data/legend.csv). jhamski and jh_v2 to jh_v5
are fitted to four fifths of the persons at each SIDE in pixels (default 48 96 150), with the
source's loss and optimiser and its random moves, drawn anew each epoch, and judged on the last
fifth. All is kept in runs/facial_expressions-cpu: a second call continues. Prints the table.
"""

import sys

import numpy as np

from fer_utils import backend, datasets, evaluation, models, settings, training

NETWORKS = ("jhamski", "jh_v2", "jh_v3", "jh_v4", "jh_v5")
EPOCHS, BATCH = 20, 32  # 2,000 steps; the source had 1,300 to 4,000 of batches of 200 copies
LOSSES = ("binary_crossentropy", "categorical_crossentropy")


def parted(root, side):
    """Return the labelled photographs, a fifth of the persons as ``valid``."""
    dataset = datasets.load("facial_expressions", root, size=side)
    return datasets.hold_out(dataset.take(dataset.rows("train")), 0.2, seed=0)


def fitted(name, loss, dataset, place, side):
    """Return the Fit of one network with one loss at one size."""
    recipe = models.recipe(
        name, loss=loss, epochs=EPOCHS, batch=BATCH, augmentation="seed000", precision="auto"
    )
    return training.fit_or_restore(name, dataset, place, recipe, f"{name}_{side}_{loss[:6]}")


def main():
    """Fit what is not fitted yet, and print the table."""
    root, sides = sys.argv[1], [int(side) for side in sys.argv[2:]] or [48, 96, 150]
    where, place = backend.start(), settings.resolve(sys.argv[1], "cpu")
    header = None
    for side in sides:
        dataset = parted(root, side)
        rows = dataset.rows("valid")
        known, persons = dataset.labels[rows], dataset.groups[rows]
        if header is None:
            header = "| network | pixels | loss | weights | accuracy | macro F1 | seconds |"
            n, common = len(np.unique(persons)), np.bincount(known).max() / len(known)
            print(f"\n{len(rows):,} photographs of {n:,} persons held out, {where};")
            print(f"the most frequent class has {common:.3f} of them.\n\n{header}")
            print("|---" * 7 + "|")
        for name in NETWORKS:
            for loss in LOSSES if name in ("jhamski", "jh_v5") else LOSSES[:1]:
                if name == "jh_v3" and side < 76:
                    continue  # its smallest size
                fit = fitted(name, loss, dataset, place, side)
                told = fit.predictions["probabilities"]
                cells = [name, str(side), loss.split("_")[0], f"{fit.metrics['parameters']:,}"]
                for metric in (evaluation.accuracy, evaluation.macro_f1):
                    error = evaluation.bootstrap(known, told, metric, persons).std()
                    cells.append(f"{metric(known, told):.3f} ± {error:.3f}")
                cells.append(f"{fit.metrics['train_seconds']:.0f}")
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
