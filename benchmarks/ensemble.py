"""Views, members and ways to combine them: docs/results/ensemble.md.

Usage: python benchmarks/ensemble.py FER2013 [RUN] [MEMBER ...]

FER2013 is a folder with the data, RUN a run folder in which ``python -m fer_utils.compete``
trained networks (default runs/fer2013-compete), MEMBER folders in it (default all member1,
member2, ...). Prints three tables, all of PublicTest, which no network was fitted to: what
several views of each image give and cost each network; what each way to combine the members
gives, each of what is fitted cross-fitted in five folds; and what each member adds.
"""

import sys
import time
from pathlib import Path

from fer_utils import backend, datasets, ensemble, evaluation, models, paths, training


def scores(dataset, rows, said, twins):
    """Return the cells ``accuracy ± error | without twins`` of answers to rows."""
    told = evaluation.score(dataset.labels[rows], said)
    alone = evaluation.accuracy(dataset.labels[rows][~twins], said[~twins])
    return f"{told['accuracy']:.4f} ± {told['standard_error']:.4f} | {alone:.4f}"


def print_gains(dataset, rows, answers, beside, cost):
    """Print a line for each of the answers: its scores, its gain over the first, its cost."""
    twins = evaluation.twins_in_train(dataset)[rows]
    table = evaluation.compare(dataset.labels[rows], answers, dataset.groups[rows])
    for name, row in table.iterrows():
        gain = f"{row['gain']:+.4f} ± {row['gain_error']:.4f}"
        cells = [f"{beside}{name}", scores(dataset, rows, answers[name], twins), gain]
        print(f"| {' | '.join([*cells, *([cost[name]] if cost else [])])} |")


def print_views(run, key, dataset, rows):
    """Print what each kind of views gives a network, and the seconds that it takes."""
    network, answers, cost = models.load(run / key / "model.keras"), {}, {}
    images = dataset.images[rows]
    training.predict(network, images)  # compiles
    for name, kinds in ensemble.VIEWS.items():
        began = time.perf_counter()
        answers[name] = ensemble.predict_views(network, images, name)
        cost[name] = f"{len(kinds)} | {time.perf_counter() - began:.1f}"
    print_gains(dataset, rows, answers, f"{key} | ", cost)


def main():
    """Ask the networks, and print the tables."""
    root, *given = sys.argv[1:]
    where = backend.start()
    run = Path(given[0]) if given else paths.output_root() / "runs" / "fer2013-compete"
    found = sorted(path.parent.name for path in run.glob("member*/model.keras"))
    names = given[1:] or found
    dataset = datasets.load("fer2013", root)
    rows = dataset.rows("valid")
    groups, labels = dataset.groups[rows], dataset.labels[rows]
    print(f"{len(rows):,} images of PublicTest, {where}\n")

    print("| network | views | accuracy | without twins | gained | views an image | seconds |")
    print("|---|---|---|---|---|---|---|")
    for key in [*names, *(x for x in ("v8_distilled", "small") if (run / x).is_dir())]:
        print_views(run, key, dataset, rows)

    members = ensemble.load_members(run, dataset, [f"{key}_views" for key in names])
    members = members.keep(members.split == "valid")
    said = members.probabilities
    ways = {
        "the best alone, chosen on these rows": max(
            said, key=lambda one: evaluation.accuracy(labels, one)
        )
    }
    for method in ensemble.METHODS:
        ways[method] = ensemble.cross_fitted(method, said, labels, groups)
    print("\n| members combined by | accuracy | without twins | gained |\n|---|---|---|---|")
    print_gains(dataset, rows, ways, "", None)

    print("\n| member | alone | the mean gains by it | same answer as the others |")
    print("|---|---|---|---|")
    alike = ensemble.agreement(members)
    for name, row in ensemble.without_each(members, labels, groups).iterrows():
        others = alike.loc[name].drop(name).mean()
        gain = f"{row['gain']:+.4f} ± {row['gain_error']:.4f}"
        print(f"| {name} | {row['alone']:.4f} | {gain} | {others:.3f} |")


if __name__ == "__main__":
    main()
