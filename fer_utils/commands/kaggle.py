"""The commands ``python -m fer_utils kaggle ...``. Whatever a command needs it imports itself."""

from pathlib import Path
from typing import Annotated

import typer

from fer_utils.plain_errors import plain_errors

app = typer.Typer(
    help="Run the suite on Kaggle, fetch what it made, submit.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
@plain_errors
def push(
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="How long the suite may take, for example 90m.")
    ] = "11h",
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="This notebook and what it needs; may be repeated, or 05,18."
        ),
    ] = None,
    profile: Annotated[str, typer.Option(help="How much: smoke, cpu, gpu, or auto.")] = "auto",
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")
    ] = 0,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not continue from what the last kernel made.")
    ] = False,
    unpulled: Annotated[
        bool,
        typer.Option("--unpulled", help="Go on though what the last kernel made is not pulled."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be sent; asks Kaggle nothing.")
    ] = False,
) -> None:
    """Upload the package and the notebooks, and start the kernel that runs them.

    It runs offline on two T4 GPUs and ends before its time is over. What ran is kept: the next
    push continues from there.
    """
    from fer_utils import paths
    from fer_utils.compete.budget import parse_budget
    from fer_utils.kaggle import client
    from fer_utils.kaggle import push as pushing
    from fer_utils.pipeline import lock

    names = tuple(name for text in only or () for name in text.split(","))
    order = pushing.Order(parse_budget(budget), names, profile, seed, fresh, unpulled)
    order.check()
    folder = paths.output_root() / "runs" / "kaggle" / "push"
    if dry_run:
        with lock.held(folder, ""):
            pushing.prepare(order, folder, say=typer.echo)
            pushing.describe(folder, typer.echo)
        return
    pushing.push(client.Client(), order, folder, say=typer.echo)


@app.command()
@plain_errors
def status() -> None:
    """Say how far the kernel is, and how its notebooks did."""
    from fer_utils import kaggle
    from fer_utils.kaggle import client
    from fer_utils.kaggle import status as asking

    connection = client.Client()
    for line in asking.lines(connection, f"{connection.user}/{kaggle.KERNEL}"):
        typer.echo(line)


@app.command()
@plain_errors
def pull(
    replace: Annotated[
        bool, typer.Option("--replace", help="Put aside what was changed here.")
    ] = False,
) -> None:
    """Fetch executed notebooks, runs and submissions, and put them into place.

    Exit code 1 says that a notebook failed there or that its time was over.
    """
    from fer_utils import paths
    from fer_utils.kaggle import client
    from fer_utils.kaggle import pull as pulling

    noted = pulling.pull(client.Client(), paths.output_root(), replace, typer.echo)
    if noted["submission"]:
        typer.echo(f"submission  {noted['submission']}")
    raise typer.Exit(0 if noted["state"] == "done" else 1)


@app.command()
@plain_errors
def submit(
    file: Annotated[Path, typer.Argument(help="The submission, as notebook 18 wrote it.")],
    message: Annotated[
        str, typer.Option("-m", "--message", help="What Kaggle shows beside it.")
    ] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Send it though it was sent before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it and say what would be sent.")
    ] = False,
) -> None:
    """Check a submission, upload it, wait for its score, and note that in the ledger.

    What was sent is not sent again: a repeated call only waits for the score.
    """
    from fer_utils import paths
    from fer_utils.kaggle import client
    from fer_utils.kaggle import submit as submitting

    file, mark = submitting.check(paths.resolved(file))
    if dry_run:
        size = file.stat().st_size
        typer.echo(f"to {paths.COMPETITION}: {file.name}, {size:,} bytes, '{message} {mark}'")
        return
    book = paths.output_root() / "submissions" / "leaderboard.csv"
    submitting.submit(client.Client(), file, message, book, again, say=typer.echo)
