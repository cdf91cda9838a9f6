"""What ending trials early, and TPE, save over a random search at equal quality, on FER2013.

Usage: python benchmarks/search.py FER2013 [SPACE] [BUDGET] [ROWS] [PIXELS] [STUDIES]

FER2013 is a folder with the data, SPACE seed002 or modern, BUDGET the epochs that each search
may spend (default 270: 30 whole trials of 9), ROWS how many images of Training a trial fits,
PIXELS what its network sees. STUDIES is a file or a database URL; several processes may run
this at once with the same one. A second call goes on where the first was stopped. PublicTest
is not looked at. Prints the tables as markdown.
"""

import sys

import numpy as np

from fer_utils import backend, datasets, paths, tuning

EPOCHS, SEED, JUDGED, STARTS = 9, 0, 3000, 3
FIRST = {"seed002": 1, "modern": 2}  # normalisation needs two epochs until its scores count


def space_of(name, rows):
    """Return the Space of this name."""
    if name == "modern":
        return tuning.modern_space(convolutions=(1, 1, 1), epochs=EPOCHS, batch=64)
    return tuning.seed002_space(epochs=(EPOCHS,), rows=rows)


def searched(objective, place, budget, sampler, pruner, first):
    """Return the study that has spent the budget, begun or continued."""
    name = f"{objective.space.name} {sampler} {pruner} {objective.part.fingerprint[:6]}"
    options = {"sampler": sampler, "pruner": pruner, "seed": SEED, "first": first}
    study = tuning.open_study(place, name, objective.identity, **options)
    tuning.search(study, objective, epochs=budget)
    return study


def share_constant(objective, table):
    """Return the share of finished trials whose accuracy is the share of a class."""
    accuracies = table["accuracy"][table["state"] == "finished"].to_numpy()
    gaps = np.abs(accuracies[:, None] - objective.constants).min(axis=1)
    return float((gaps < 1e-4).mean())


def confirmed(objective, study):
    """Return the mean score of what a study chose, and its error over starts and rows."""
    values = tuning.best_values(study)
    scores = [objective.confirm(values, SEED + 1 + i) for i in range(STARTS)]
    found = np.array([score["accuracy"] for score in scores])
    error = np.hypot(found.std(ddof=1) / np.sqrt(STARTS), scores[0]["standard_error"])
    return found.mean(), error, scores[0]["n"]


def print_replayed(curves, qualities, first):
    """Print what each rule would have spent on the random trials."""
    orders = 100
    drawn = {"orders": orders, "seed": SEED, "first": first}
    print(f"\nThe random trials replayed in {orders} orders, mean and spread of orders.", end=" ")
    print("Where a rule leaves no trial of the accuracy asked, a search without it is added.\n")
    print("| rule | accuracy asked | epochs until | spread | reached | all epochs | ended early |")
    print("|---|---|---|---|---|---|---|")
    for quality in qualities:
        for rule, row in tuning.savings(curves, quality, **drawn).iterrows():
            print(
                f"| {rule} | {quality:.3f} | {row['epochs_until']:.0f} | {row['spread']:.0f} "
                f"| {row['reached']:.2f} | {row['epochs']:.0f} | {row['pruned']:.1f} |"
            )


def print_compared(objective, studies, qualities):
    """Print what each search spent, found, and is worth on rows that judged no trial."""
    tables = {name: tuning.trials(study) for name, study in studies.items()}
    asked = [f"until {quality:.3f}" for quality in qualities]
    print(f"\n| search | trials | ended early | epochs | {' | '.join(asked)} | best | confirmed |")
    print("|---|---|---|---|" + "---|" * (len(qualities) + 2))
    for name, table in tables.items():
        row = tuning.compare({name: table}, qualities[0]).loc[name]
        until = [tuning.epochs_until(table, quality) for quality in qualities]
        mean, error, n = confirmed(objective, studies[name])
        cells = [f"{row[c]:.0f}" for c in ("trials", "pruned", "epochs")]
        cells += ["never" if np.isnan(epochs) else f"{epochs:.0f}" for epochs in until]
        cells += [f"{row['best']:.3f}", f"{mean:.3f} ± {error:.3f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\nConfirmed: {STARTS} other starts, on {n:,} rows that judged no trial.")


def main():
    """Search both ways, then compare."""
    journal = paths.output_root() / "runs" / "search" / "studies.journal"
    given, usual = sys.argv[1:], [None, "modern", "270", "3000", "24", journal]
    data, name, budget, rows, pixels, place = given + usual[len(given) :]
    where, dataset = backend.start(), datasets.load("fer2013", data)
    parts = {"fitted": int(rows), "judged": JUDGED, "size": int(pixels), "seed": SEED}
    objective = tuning.Objective(space_of(name, int(rows)), dataset, **parts)
    task = objective, place, int(budget)
    studies = {
        "random, whole trials": searched(*task, "random", "none", FIRST[name]),
        "TPE, halving": searched(*task, "tpe", "halving", FIRST[name]),
    }
    random = tuning.trials(studies["random, whole trials"])
    best, n = random["accuracy"].max(), len(objective.judged)
    qualities = [best - np.sqrt(best * (1 - best) / n), best]
    fitted = len(objective.part.rows("train"))
    print(f"\nSpace {name}: {fitted:,} images of {pixels} pixels fitted, {n:,} judged, {where}")
    print(
        f"Constant answers: {share_constant(objective, random):.0%} of the random trials;", end=" "
    )
    print(f"the most frequent class has {objective.constants.max():.3f}.")
    print_replayed(tuning.curves(studies["random, whole trials"]), qualities, FIRST[name])
    print_compared(objective, studies, qualities)


if __name__ == "__main__":
    main()
