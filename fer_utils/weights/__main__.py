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
    return exit_code(_run, parser.parse_args(arguments))


def _run(given):
    from fer_utils import backend, settings, weights
    from fer_utils.weights.shipping import ship

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
        told = ship(made.run_dir, key, name, dataset)
        scores = told["scores"]
        log(
            f"{name}: {told['network']}, {scores['accuracy']:.4f} of PublicTest, "
            f"{scores['accuracy_without_twins']:.4f} without twins, "
            f"{(weights._HERE / f'{name}.npz').stat().st_size:,} bytes"
        )


if __name__ == "__main__":
    sys.exit(main())
