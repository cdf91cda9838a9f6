"""How v1's recipe was chosen: Hamski's network on a tenth of Training, held out.

Usage: python benchmarks/v1_recipe.py DATA [epochs]

DATA is a folder with FER2013. PublicTest and PrivateTest are not looked at: the held-out
tenth takes the place of PublicTest, no twin of it is fitted. Prints a markdown table.
"""

import dataclasses
import sys
import tempfile
from pathlib import Path

from fer_utils import backend, datasets, models, settings, training

RECIPES = {
    "as published: batches of 200": {"batch": 200},
    "mirrored, rate falls along a cosine": {"augmentation": "flip", "schedule": "cosine"},
    "the same, batches of 32 (v1)": {"augmentation": "flip", "schedule": "cosine", "batch": 32},
}


def held_out_tenth(dataset, seed):
    """Return Training alone, a tenth of it as the valid split."""
    rows = dataset.rows("train")
    held_out = datasets.share(dataset, rows, 0.1, seed)[1]
    split = dataset.split.copy()
    split[held_out] = "valid"
    return dataclasses.replace(dataset, split=split).take(rows)


def main():
    """Train each recipe and print the table."""
    data, epochs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 30
    where = backend.start()
    dataset = held_out_tenth(datasets.load("fer2013", data), seed=0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings.resolve(data, "cpu", Path(folder))
        for name, changes in RECIPES.items():
            recipe = models.recipe("jhamski", epochs=epochs, **changes)
            fit = training.fit_or_restore(
                "jhamski", dataset, chosen, recipe, key=f"recipe{len(rows)}"
            )
            rows.append((name, fit.history["val_accuracy"].iloc[4], fit.metrics))
    print(f"\n{len(dataset.rows('valid'))} held-out images, {epochs} epochs, {where}\n")
    print("| recipe | after 5 epochs | accuracy | standard error | macro F1 | seconds |")
    print("|---|---|---|---|---|---|")
    for name, early, m in rows:
        scores = f"{m['accuracy']:.3f} | {m['standard_error']:.3f} | {m['macro_f1']:.3f}"
        print(f"| {name} | {early:.3f} | {scores} | {m['train_seconds']:.0f} |")


if __name__ == "__main__":
    main()
