"""What the networks that come with the package get wrong: docs/results/errors.md.

Usage: python benchmarks/errors.py FER2013

FER2013 is a folder with the data; where FER+'s votes (fer2013new.csv) lie in it or beside it, they
are the second opinion. Prints tables of PublicTest, which the networks were not fitted to: the
largest cells of the confusion matrix, what FER+'s majority says of mistakes and of the labels that
a network believes least, and the accuracy on thirds of the images by what is seen on them.
"""

import sys

import numpy as np
import pandas as pd

from fer_utils import backend, datasets, evaluation, load_pretrained, training
from fer_utils.datasets import ferplus

NAMES = ("v8", "small")


def print_confusions(name, labels, said, classes):
    """Print the largest cells of a network's confusion matrix off its diagonal."""
    counts = evaluation.confusion(labels, said, classes)
    for _, row in evaluation.largest_confusions(counts, 8).iterrows():
        shares = f"{row['share']:.3f} | {row['of mistakes']:.3f}"
        print(f"| {name} | {row['label']} | {row['answer']} | {row['rows']} | {shares} |")


def print_opinions(name, labels, said, opinion):
    """Print whom FER+ sides with: in all rows, all mistakes, the surest, and doubted labels.

    The labels that a network believes least are nearly all its mistakes: what FER+ denies of them
    is to be set against what it denies of all mistakes.
    """
    mistakes = evaluation.surest_mistakes(labels, said)
    least = evaluation.doubted(labels, said, len(labels) // 20)
    rows = {
        "all rows": slice(None),
        "all mistakes": mistakes,
        "the 100 surest mistakes": mistakes[:100],
        "the twentieth whose label it believes least": least,
    }
    for what, part in rows.items():
        told = evaluation.second_opinion(labels[part], said[part], opinion[part])
        sides = [told[f"with {side}"] for side in ("the model", "the label", "neither")]
        known = int((opinion[part] >= 0).sum())
        shares = " | ".join(f"{x:.3f}" for x in [*sides, 1 - told["labels confirmed"]])
        print(f"| {name} | {what} | {known:,} | {told['mistakes']:,} | {shares} |")


def main():
    """Ask the networks, and print the tables."""
    (root,) = sys.argv[1:]
    where = backend.start()
    dataset = datasets.load("fer2013", root)
    rows = dataset.rows("valid")
    images, labels = dataset.images[rows], dataset.labels[rows]
    said = {name: training.predict(load_pretrained(name), images) for name in NAMES}
    print(f"{len(rows):,} images of PublicTest, {where}\n")
    print("| network | label | answer | images | of the label | of all mistakes |")
    print("|---|---|---|---|---|---|")
    for name in NAMES:
        print_confusions(name, labels, said[name], dataset.classes)
    votes = ferplus.find(root)
    if votes:
        opinion = ferplus.majority(ferplus.votes(votes, dataset), dataset.classes)[rows]
        print("\n| network | of | with a majority | mistakes | with the network | with the label "
              "| with neither | labels denied |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
        for name in NAMES:
            print_opinions(name, labels, said[name], opinion)
        clear = ferplus.clarity(ferplus.votes(votes, dataset))[rows]
        names = ("votes, least agreed", "votes, middle", "votes, most agreed")
        voted = np.isfinite(clear)  # without votes nobody agreed or differed
        third = evaluation.thirds(clear[voted], names)
        known = opinion >= 0
        for name in NAMES:
            mine = evaluation.score(opinion[known], said[name][known])
            print(
                f"\n{name} agrees with FER+'s majority in {mine['accuracy']:.3f} of {mine['n']:,}"
            )
    print("\n| network | third | accuracy | images |\n|---|---|---|---|")
    for name in NAMES:
        thirds = evaluation.by_look(images, labels, said[name])
        if votes:
            agreed = evaluation.by_part(labels[voted], said[name][voted], third)
            thirds = pd.concat([agreed.rename(index=str), thirds])
        for which, row in thirds.iterrows():
            score = f"{row['accuracy']:.3f} ± {row['error']:.3f}"
            print(f"| {name} | {which} | {score} | {int(row['rows']):,} |")


if __name__ == "__main__":
    main()
