"""``python -m fer_utils.weights``: puts networks that a run trained into the package."""

import argparse
import sys

from fer_utils.errors import FerError, exit_code
from fer_utils.training.log import log


def main(arguments=None):
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        "python -m fer_utils.weights",
        description="Write networks that a run trained, in float16, and their cards, to where "
        "fer_utils.load_pretrained finds them.",
    )
    parser.add_argument("data", help="folder of FER2013's files that they were trained on")
    parser.add_argument("run", help="run folder, for example runs/fer2013-compete")
    parser.add_argument("networks", nargs="+", metavar="NAME=FOLDER", help="small=small")
    parser.add_argument(
        "--unpack",
        action="store_true",
        help="the other way: lay the package's networks into the run folder, as if trained there",
    )
    return exit_code(_run, parser.parse_args(arguments))


def _run(given):
    from fer_utils import backend, settings

    wanted = [pair.partition("=") for pair in given.networks]
    unread = [
        pair
        for pair, (name, _, key) in zip(given.networks, wanted, strict=True)
        if not (name and key)
    ]
    if unread:
        raise FerError(f"{unread[0]!r}: write NAME=FOLDER, for example small=small")
    made = settings.resolve(given.data, "auto", given.run)
    backend.start()
    dataset = made.load()
    for name, _, key in wanted:
        (_unpacked if given.unpack else _shipped)(name, key, made.run_dir, dataset)


def _shipped(name, key, run_dir, dataset):
    from fer_utils import weights
    from fer_utils.weights.shipping import ship

    told = ship(run_dir, key, name, dataset)
    size = (weights._HERE / f"{name}.npz").stat().st_size
    log(f"{name}: {told['network']}, {_scored(told['scores'])}, {size:,} bytes")


def _unpacked(name, key, run_dir, dataset):
    from fer_utils.weights.unpacking import unpack

    log(f"{run_dir / key}: {name}, {_scored(unpack(name, run_dir, key, dataset))}")


def _scored(scores):
    without = f"{scores['accuracy_without_twins']:.4f} without twins"
    return f"{scores['accuracy']:.4f} of {scores['scored_on']}, {without}"


if __name__ == "__main__":
    sys.exit(main())
