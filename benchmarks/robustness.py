"""How well networks know how sure they may be, and what spoils them: docs/results/robustness.md.

Usage: python benchmarks/robustness.py FER2013 [--rows N] [--reference NAME] [FOLDER ...]

FER2013 is a folder with the data, FOLDER one with a ``model.keras`` that was trained on its
Training; the networks that come with the package are always asked. Prints tables of PublicTest,
which none of them was fitted to: all scores with their intervals; calibration before and after a
temperature, cross-fitted in five parts; the accuracy on images spoilt in eight ways and five
degrees, of N rows drawn at random (default 1000), and the corruption error for each error of the
network NAME (default v8).
"""

import argparse
import functools
import itertools
from pathlib import Path

import numpy as np

from fer_utils import (
    backend,
    datasets,
    evaluation,
    list_pretrained,
    load_pretrained,
    models,
    training,
)


def read_arguments():
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--reference", default="v8")
    return parser.parse_args()


def networks(folders, dataset):
    """Return a dict of name to function of images: the shipped networks, then those of folders."""
    found = {name: load_pretrained(name) for name in list_pretrained()}
    for folder in folders:
        found[folder.name] = models.load(folder / "model.keras", dataset.classes)
    return {name: functools.partial(training.predict, model) for name, model in found.items()}


def print_scores(labels, said, groups):
    """Print all scores of each network, and McNemar's test of each two."""
    print("| network | score | value | 95% |\n|---|---|---|---|")
    for name, probabilities in said.items():
        for score, row in evaluation.intervals(labels, probabilities, groups).iterrows():
            print(f"| {name} | {score} | {row.value:.4f} | {row.low:.4f} to {row.high:.4f} |")
    print("\n| networks | both right | first alone | second alone | both wrong | p |")
    print("|---|---|---|---|---|---|")
    for pair, row in evaluation.mcnemar_table(labels, said).iterrows():
        counts = " | ".join(f"{int(row[name]):,}" for name in row.index[:4])
        print(f"| {' and '.join(pair)} | {counts} | {row['p']:.3g} |")


def print_calibration(labels, said, groups, twins):
    """Print calibration before and after a temperature, with and without twins."""
    print("\n| network | rows | temperature | error before | after | by chance | after, 10 bins |")
    print("|---|---|---|---|---|---|---|")
    for name, (kind, rows) in itertools.product(
        said, {"all": ~twins | twins, "no twin": ~twins}.items()
    ):
        given = labels[rows], said[name][rows], groups[rows]
        told, ten = evaluation.calibration(*given), evaluation.calibration(*given, bins=10)
        cells = [told["temperature"], told["error"], told["error_after"], told["chance"]]
        numbers = " | ".join(f"{x:.3f}" for x in [*cells, ten["error_after"]])
        print(f"| {name} | {kind}, {told['n']:,} | {numbers} |")


def print_robustness(table, reference):
    """Print the accuracies at each strength, and the corruption errors."""
    head = " | ".join(["as it is", *map(str, table.columns[1:])])
    print(f"\n| network | corruption | {head} |\n|{'---|' * (2 + table.shape[1])}")
    for (name, corruption), row in table.iterrows():
        print(f"| {name} | {corruption} | {' | '.join(f'{x:.3f}' for x in row)} |")
    errors = evaluation.corruption_errors(table, reference)
    print(f"\n| network | {' | '.join(errors)} |\n|{'---|' * (1 + errors.shape[1])}")
    for name, row in errors.iterrows():
        print(f"| {name} | {' | '.join(f'{x:.3f}' for x in row)} |")


def main():
    """Ask the networks, and print the tables."""
    given, where = read_arguments(), backend.start()
    dataset = datasets.load("fer2013", given.data)
    rows = dataset.rows("valid")
    asked = networks(given.folders, dataset)
    labels, groups = dataset.labels[rows], dataset.groups[rows]
    said = {name: ask(dataset.images[rows]) for name, ask in asked.items()}
    print(f"{len(rows):,} images of PublicTest, {where}\n")
    print_scores(labels, said, groups)
    print_calibration(labels, said, groups, evaluation.twins_in_train(dataset)[rows])
    part = np.sort(np.random.default_rng(0).permutation(rows)[: given.rows])
    print(f"\n{len(part):,} of these images spoilt, errors for each of {given.reference}")
    table = evaluation.robustness(asked, dataset.images[part], dataset.labels[part])
    print_robustness(table, given.reference)


if __name__ == "__main__":
    main()
