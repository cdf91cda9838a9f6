"""What each ingredient of v8's recipe gives a network: docs/results/ablation.md.

Usage: python benchmarks/ablation.py FER2013 [ROW ...]

FER2013 is a folder with the data, ROW names of ``CHANGES`` (default all). Each row is NETWORK,
fitted by v8's recipe with one thing changed to ROWS images of Training for EPOCHS with SEEDS
starts, and judged on JUDGED others of Training, no twin of which is fitted. PublicTest is not
looked at. All is kept in runs/ablation: a second call continues, and prints the table of what is
there.
"""

import dataclasses
import sys

import numpy as np

from fer_utils import backend, datasets, evaluation, models, paths, runs, settings, training

NETWORK = "compact"  # a seventh of v8's multiplications
ROWS, EPOCHS, SEEDS, JUDGED = 5000, 15, 3, 3000
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
    "float32": {"precision": "float32"},
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


def recipe_of(name):
    """Return the Recipe of a row."""
    return models.recipe("v8", epochs=EPOCHS, **CHANGES[name])


def fitted(name, dataset, place):
    """Fit a row's networks where that is not done."""
    recipe = recipe_of(name)
    for seed in range(SEEDS):
        one = dataclasses.replace(place, seed=seed)
        training.fit_or_restore(NETWORK, dataset, one, recipe, key_of(name, seed))


def answers(name, place, dataset):
    """Return ``(seeds, n, classes)``, what a row's networks said, and seconds, or None."""
    told, seconds = [], []
    for seed in range(SEEDS):
        folder = place.run_dir / key_of(name, seed)
        identity = (runs.read_json(folder / "run.json") or {}).get("identity", {})
        if not _is_of(identity, name, dataset):
            return None
        told.append(runs.read_predictions(folder / "predictions.npz")["probabilities"])
        seconds.append(runs.read_json(folder / "metrics.json")["train_seconds"])
    return np.stack(told), np.mean(seconds)


def _is_of(identity, name, dataset):
    """Return whether a network is this row's: other data, epochs or values are another's."""
    if (identity.get("data"), identity.get("model")) != (dataset.fingerprint, NETWORK):
        return False
    wanted, fitted = dataclasses.asdict(recipe_of(name)), identity["recipe"]
    if wanted["precision"] == "auto":  # settled in what was fitted
        wanted["precision"] = fitted["precision"]
    return wanted == fitted


def print_row(name, found, usual, known, groups):
    """Print a line of the table; the gain's error is over starts and, in pairs, over rows."""
    right = [[evaluation.accuracy(known, said) for said in x[0]] for x in (found, usual)]
    gains = np.subtract(*right)
    # The starts answer the same rows: bootstrapped together, as one group each.
    both = {"usual": np.concatenate(usual[0]), "changed": np.concatenate(found[0])}
    compared = evaluation.compare(np.tile(known, SEEDS), both, np.tile(groups, SEEDS))
    rows = compared.loc["changed", "gain_error"]
    error = np.hypot(gains.std(ddof=1) / np.sqrt(SEEDS), rows)
    spread = np.std(right[0], ddof=1)
    print(
        f"| {name} | {np.mean(right[0]):.3f} | {spread:.3f} | {gains.mean():+.3f} "
        f"| {error:.3f} | {found[1]:.0f} |"
    )


def main():
    """Fit what is asked for, and print the table of all that is there."""
    where = backend.start()
    place = settings.resolve(sys.argv[1], "cpu", paths.output_root() / "runs" / "ablation")
    dataset = part(datasets.load("fer2013", sys.argv[1]))
    for name in sys.argv[2:] or CHANGES:
        fitted(name, dataset, place)
    rows = dataset.rows("valid")
    print(f"\n{ROWS:,} images fitted, {EPOCHS} epochs, {SEEDS} starts, {len(rows):,} judged,")
    print(
        f"{where}\n\n| {NETWORK} with | accuracy | starts differ by | gained | error | seconds |"
    )
    print("|---|---|---|---|---|---|")
    found = {name: answers(name, place, dataset) for name in CHANGES}
    for name in [name for name in CHANGES if found[name] and found["v8"]]:
        print_row(name, found[name], found["v8"], dataset.labels[rows], dataset.groups[rows])


if __name__ == "__main__":
    main()
