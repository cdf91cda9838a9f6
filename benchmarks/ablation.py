"""What each ingredient of v8's recipe gives: docs/results/ablation.md.

Usage: python benchmarks/ablation.py FER2013 [ROW ...]

FER2013 is a folder with the data, ROW names of ``CHANGES`` (default all). Each row is v8 with one
thing changed, fitted to ROWS images of Training for EPOCHS with SEEDS starts, and judged on
JUDGED others of Training, no twin of which is fitted. PublicTest is not looked at. All is kept
in runs/ablation: a second call continues, and prints the table of what is there.
"""

import dataclasses
import sys

import numpy as np

from fer_utils import backend, datasets, evaluation, models, paths, runs, settings, training

ROWS, EPOCHS, SEEDS, JUDGED, SIZE = 5000, 15, 3, 3000, 48
_SGD = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
CHANGES = {
    "v8": {},
    "no averaged weights": {"average": 0.0},
    "no label smoothing": {"label_smoothing": 0.0},
    "constant rate": {"schedule": "constant"},
    "linear to zero": {"schedule": "linear"},
    "warm-up of a tenth": {"warm_up": 0.1},
    "no augmentation": {"augmentation": "none"},
    "mirrored alone": {"augmentation": "flip"},
    "mirrored by turns": {"alternate": True},
    "modern augmentation, mixing": {"augmentation": "modern"},
    "SGD, Nesterov, decoupled decay": {
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "optimizer_options": _SGD,
    },
    "sharpness-aware steps": {"sharpness": 0.05},
}


def part(dataset):
    """Return the rows to fit as ``train``, those to judge on as ``valid``, twins together."""
    whole = dataset.take(dataset.rows("train"))
    held = datasets.hold_out(whole, JUDGED / len(whole), seed=0)
    rng = np.random.default_rng(0)
    fitted = rng.choice(held.rows("train"), ROWS, replace=False)
    return held.take(np.sort(np.concatenate([fitted, held.rows("valid")])))


def key_of(name, seed):
    """Return the folder of one start of a row."""
    return f"{name.replace(',', '').replace(' ', '_')}-{seed}"


def fitted(name, dataset, place):
    """Fit a row's networks where that is not done."""
    recipe = models.recipe("v8", epochs=EPOCHS, **CHANGES[name])
    for seed in range(SEEDS):
        one = dataclasses.replace(place, seed=seed)
        training.fit_or_restore("v8", dataset, one, recipe, key_of(name, seed))


def answers(name, place):
    """Return ``(seeds, n, classes)``, what a row's networks said, and seconds, or None."""
    folders = [place.run_dir / key_of(name, seed) for seed in range(SEEDS)]
    if not all((folder / "run.json").exists() for folder in folders):
        return None
    told = [runs.read_predictions(folder / "predictions.npz") for folder in folders]
    seconds = [runs.read_json(folder / "metrics.json")["train_seconds"] for folder in folders]
    return np.stack([one["probabilities"] for one in told]), np.mean(seconds)


def main():
    """Fit what is asked for, and print the table of all that is there."""
    where = backend.start()
    place = settings.resolve(sys.argv[1], "cpu", paths.output_root() / "runs" / "ablation")
    dataset = part(datasets.load("fer2013", sys.argv[1]))
    for name in sys.argv[2:] or CHANGES:
        fitted(name, dataset, place)
    rows = dataset.rows("valid")
    known, groups = dataset.labels[rows], dataset.groups[rows]
    print(
        f"\n{ROWS:,} images fitted, {EPOCHS} epochs, {SEEDS} starts, {len(rows):,} judged, {where}"
    )
    print("\n| v8 with | accuracy | starts differ by | gained | error | seconds |")
    print("|---|---|---|---|---|---|")
    usual = answers("v8", place)
    for name in CHANGES:
        found = answers(name, place)
        if found is None or usual is None:
            continue
        right = [[evaluation.accuracy(known, said) for said in x[0]] for x in (found, usual)]
        mean, spread = np.mean(right[0]), np.std(right[0], ddof=1)
        gains = np.subtract(*right)
        print(
            f"| {name} | {mean:.3f} | {spread:.3f} | {gains.mean():+.3f} "
            f"| {_error(known, found[0], usual[0], groups):.3f} | {found[1]:.0f} |"
        )


def _error(known, said, usual, groups):
    """Return the standard error of a mean gain: over starts, and over the rows in pairs."""
    hits = [(x.argmax(axis=2) == known).astype(float) for x in (said, usual)]
    gains = (hits[0] - hits[1]).mean(axis=1)
    by_row = (hits[0] - hits[1]).mean(axis=0)
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, by_row - by_row.mean())
    rows = np.sqrt((sums**2).sum()) / len(known)
    return np.hypot(gains.std(ddof=1) / np.sqrt(SEEDS), rows)


if __name__ == "__main__":
    main()
