"""What explanations cost, and whether to believe them: docs/results/explanations.md.

Usage: python benchmarks/explanations.py FER2013 [--images N] [--faces N] [--network NAME ...]

FER2013 is a folder with the data. Prints, for each shipped network: on PublicTest images that it
names rightly, for each method the seconds a face, the areas under the deletion and insertion
curves, and how alike its maps are to those of shuffled weights; how much faster occlusion is in
batches than by one prediction a place; and on drawn faces, which the network never saw the like
of, the share of each map inside the region where the expression shows, and inside FACS's patches,
beside that of edges and of a blob in the centre, which ask no network.
No image is shown or kept.
"""

import argparse
import time

import numpy as np

import fer_utils
from fer_utils import backend, datasets, explain, training
from fer_utils.datasets import synthetic
from fer_utils.explain.occlusion import hidden_squares


def settings():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", metavar="FER2013")
    alike = "as many of each class, which may make it some more, or fewer"
    parser.add_argument("--images", type=int, default=64, help=f"PublicTest images, {alike}")
    parser.add_argument("--faces", type=int, default=64, help=f"drawn faces, {alike}")
    parser.add_argument("--network", nargs="+", default=["small", "v8"])
    return parser.parse_args()


def named_rightly(network, images, labels, most):
    """Return the first rows that a network names rightly, about as many of each class."""
    right = network.say(network.images(images)).argmax(axis=1) == labels
    kinds = np.unique(labels[right])
    each = -(-most // len(kinds))
    return np.sort(np.concatenate([np.flatnonzero(right & (labels == k))[:each] for k in kinds]))


def both(values):
    """Return ``mean ± standard error`` of some values."""
    values = values[np.isfinite(values)]
    return f"{values.mean():.3f} ± {values.std(ddof=1) / len(values) ** 0.5:.3f}"


def explained(network, images, labels):
    """Return the maps of every method, and seconds a face: elapsed and of the processor."""
    maps, cost = {}, {}
    for name in explain.METHODS:
        explain.explain(network, images[:2], labels[:2], [name])  # compiles
        began, worked = time.perf_counter(), time.process_time()
        maps |= explain.explain(network, images, labels, [name])
        spent = time.perf_counter() - began, time.process_time() - worked
        cost[name] = [seconds / len(images) for seconds in spent]
    return maps, cost


def print_faithful(network, shuffled, images, labels):
    """Print a line for each method: its cost, the areas of its curves, its sanity check."""
    maps, cost = explained(network, images, labels)
    others = explain.explain(shuffled, images, labels)
    maps["random order"] = np.random.default_rng(0).random(images.shape)
    print("| method | seconds a face | of the processor | deletion | insertion | alike |")
    print("|---|---|---|---|---|---|")
    for name, some in maps.items():
        areas = [
            both(explain.area(explain.curves(network, images, some, labels, kind)))
            for kind in ("deletion", "insertion")
        ]
        spent = [f"{x:.3f}" for x in cost.get(name, ())] or ["", ""]
        alike = both(explain.similarity(some, others[name])) if name in others else ""
        print(f"| {' | '.join([name, *spent, *areas, alike])} |", flush=True)


def print_one_face(name, image, label):
    """Print how long all methods take for one face, compiling included, and then without."""
    seconds = []
    for network in [explain.Network(fer_utils.load_pretrained(name))] * 2:
        began, worked = time.perf_counter(), time.process_time()
        explain.explain(network, image[None], [label])
        seconds += [time.perf_counter() - began, time.process_time() - worked]
    first, second = (
        "{:.2f} s ({:.2f} s of the processor)".format(*seconds[i : i + 2]) for i in (0, 2)
    )
    print(f"\nAll methods, one face: {first} the first time, then {second}.\n")


def print_occlusion(network, image, label):
    """Print what a hidden square costs in batches, and where each is asked about by itself."""
    squares = hidden_squares(image.shape)
    hidden = np.where(squares, image.mean(), image.astype("float32"))[..., None]
    few = hidden[::8]
    ways = {  # how many squares, and what asks about them
        "in batches": (len(hidden), lambda: _occlude(network, image, label)),
        "one call a square": (len(few), lambda: [network.say(x[None]) for x in few]),
        "one training.predict a square": (
            len(few),
            lambda: [training.predict(network.model, x[None]) for x in few],
        ),
    }
    print("| occlusion | milliseconds a square | of the processor | times the first |")
    print("|---|---|---|---|")
    first = None
    for way, (count, ask) in ways.items():
        ask()  # compiles
        began, worked = time.perf_counter(), time.process_time()
        ask()
        spent = time.perf_counter() - began, time.process_time() - worked
        elapsed, worked = (1000 * seconds / count for seconds in spent)
        first = first or worked
        print(f"| {way} | {elapsed:.2f} | {worked:.2f} | {worked / first:.1f} |", flush=True)
    print()


def _occlude(network, image, label):
    return explain.explain(network, image[None], [label], ["occlusion"])


def print_shares(network, shuffled, most):
    """Print the share of each map inside the regions of drawn faces, and inside the patches."""
    order = np.arange(12 * most) % 7
    faces, regions = synthetic.with_regions(12 * most, labels=order, masks=True, seed=1)
    shows = np.flatnonzero(regions.any(axis=(1, 2)))
    labels = faces.true_labels.astype(int)
    rows = shows[named_rightly(network, faces.images[shows], labels[shows], most)]
    images, labels = faces.images[rows], labels[rows]
    own = synthetic.own_units(faces)[rows]
    patches = (faces.masks[rows] & own[:, :, None, None]).any(axis=1)
    maps, others = (explain.explain(x, images, labels) for x in (network, shuffled))
    maps |= explain.without_network(images)
    print(f"{len(rows)} drawn faces, {np.bincount(labels, minlength=7).tolist()} of each class\n")
    heads = "share | chance | times chance | over edges | shuffled | lost by shuffling"
    print(f"| region | method | {heads} |")
    print("|---|---|---|---|---|---|---|---|")
    for where, inside in (("where it shows", regions[rows]), ("FACS's patches", patches)):
        for name, row in explain.shares(maps, inside, others, "edges").iterrows():
            learned = name in others
            cells = [
                where,
                name,
                f"{row['share']:.3f} ± {row['error']:.3f}",
                f"{row['chance']:.3f}",
                f"{row['times']:.2f} ± {row['times_error']:.2f}",
                f"{row['gain']:+.3f} ± {row['gain_error']:.3f}" if name != "edges" else "",
                f"{row['shuffled']:.3f}" if learned else "",
                f"{row['lost']:+.3f} ± {row['lost_error']:.3f}" if learned else "",
            ]
            print(f"| {' | '.join(cells)} |")


def main():
    """Ask the shipped networks, and print the tables."""
    given = settings()
    where = backend.start()
    dataset = datasets.load("fer2013", given.root)
    valid = dataset.rows("valid")
    for name in given.network:
        model = fer_utils.load_pretrained(name)
        network = explain.Network(model)
        shuffled = explain.Network(explain.shuffled(model))
        rows = valid[: 12 * given.images]
        labels = dataset.labels[rows].astype(int)
        rows = rows[named_rightly(network, dataset.images[rows], labels, given.images)]
        images, labels = dataset.images[rows], dataset.labels[rows].astype(int)
        print(f"## {name}: {len(rows)} images of PublicTest that it names rightly, {where}\n")
        print_faithful(network, shuffled, images, labels)
        print_one_face(name, images[0], labels[0])
        print_occlusion(network, images[0], labels[0])
        print_shares(network, shuffled, given.faces)


if __name__ == "__main__":
    main()
