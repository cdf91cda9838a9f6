"""``python -m fer_utils.compete``: argparse, as the other command line needs more packages."""

import argparse
import dataclasses
import sys
import time

from fer_utils.compete.budget import parse_budget
from fer_utils.errors import exit_code
from fer_utils.training.log import log


def main(arguments=None):
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        "python -m fer_utils.compete",
        description="Train members, their ensemble and two distilled networks, and write the "
        "submissions. Stopped, the same command continues.",
    )
    parser.add_argument("data", help="folder of FER2013's files, or 'synthetic'")
    parser.add_argument("--budget", default="25m", help="time of all calls together (%(default)s)")
    parser.add_argument("--members", type=int, default=9, help="at most (%(default)s)")
    parser.add_argument(
        "--epochs", type=int, help="of each network, the small one's twice that (what fits)"
    )
    parser.add_argument(
        "--join",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a network that another run trained joins the members: runs/OTHER/member1",
    )
    parser.add_argument("--run", default="auto", help="run folder (runs/DATA-compete)")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (%(default)s)")
    parser.add_argument(
        "--submit",
        action="store_true",
        help="put the submissions into submissions/ and its ledger, not into the run folder",
    )
    return exit_code(_run, parser.parse_args(arguments))


def _run(given):
    budget, began = parse_budget(given.budget), time.monotonic()
    from fer_utils import backend, paths, settings

    made = settings.resolve(given.data, "auto", given.run, given.seed)
    if given.run == "auto":
        made = dataclasses.replace(
            made, run_dir=paths.output_root() / "runs" / f"{made.dataset}-compete"
        )
    from fer_utils.compete import run
    from fer_utils.compete.table import table

    run.keep_compiled(made.run_dir)  # read when the backend is imported
    where = backend.start()
    dataset = made.load()
    log(f"{len(dataset):,} images, {where}, budget {budget / 60:g} minutes, {made.run_dir}")
    options = {"epochs": given.epochs, "join": given.join}
    told = run.compete(made, dataset, budget, given.members, given.submit, began, **options)
    for line in table(told):
        log(line)


if __name__ == "__main__":
    sys.exit(main())
