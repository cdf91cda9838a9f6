"""The command line, ``python -m fer_utils``. Whatever a command needs it imports itself."""

import contextlib
import os
import warnings
from pathlib import Path
from typing import Annotated

import typer

from fer_utils import __version__, commands
from fer_utils.errors import FerError
from fer_utils.plain_errors import plain_errors

app = typer.Typer(
    help="Facial expression recognition: from Kaggle's files to a submission.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(commands.kaggle_app, name="kaggle")


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        return app()
    except KeyboardInterrupt:  # while something is still being imported
        return 130


def _show_version(wanted):
    if wanted:
        typer.echo(__version__)
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    named = os.environ.get("KERAS_BACKEND", "tensorflow")
    if named not in ("tensorflow", "jax"):
        typer.echo(f"error: KERAS_BACKEND is {named}: tensorflow or jax is needed", err=True)
        raise typer.Exit(2)


@app.command()
@plain_errors
def run(
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="This notebook and what it needs; may be repeated, or 05,18."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="This notebook and those after it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also what is up to date.")] = False,
    data: Annotated[
        str, typer.Option(metavar="PATH", help="FER2013's files, synthetic, or auto: look for it.")
    ] = "auto",
    profile: Annotated[str, typer.Option(help="How much: smoke, cpu, gpu, or auto.")] = "auto",
    run_dir: Annotated[
        str, typer.Option("--run", metavar="DIR", help="The run folder; auto: under runs/.")
    ] = "auto",
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of everything random.")
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    engine: Annotated[str, typer.Option(help="Where: local, or ray, on many machines.")] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of Ray; else it is started here.")
    ] = None,
) -> None:
    """Run the notebooks that are not up to date, in the order of what they need.

    A NAME is a notebook's number, its name or the beginning of its name. An interrupted
    run continues with the same command.
    """
    from fer_utils import settings
    from fer_utils.pipeline import runner

    chosen = settings.resolve(data, profile, run_dir, seed)
    names = [name.strip() for text in only or () for name in text.split(",")]
    options = {"only": names, "start": start, "force": force, "dry_run": dry_run}
    with _engine(engine, address, chosen.profile, dry_run) as engine:
        code = runner.run(chosen, **options, engine=engine)
    raise typer.Exit(code)


def _engine(name, address, profile, dry_run):
    """Return a context with what runs the notebooks, None for this process itself."""
    if name not in ("local", "ray"):
        raise FerError(f"no engine {name!r}: there are local, ray")
    if address and name == "local":
        raise FerError(f"--address {address} is Ray's: add --engine ray")
    if name == "local" or dry_run:
        return contextlib.nullcontext()
    from fer_utils.pipeline import cluster

    return cluster.engine(address, profile.name)


@app.command()
@plain_errors
def report(
    run_dir: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="This run folder alone.")
    ] = None,
) -> None:
    """Show all experiments on one page, and put the leaderboard into the README.

    The page, runs/report.html, has the leaderboard, and of each run folder its scores, learning
    curves and ablations. With --run, that folder's own report of its notebooks is made again.
    """
    typer.echo(_all_reports() if run_dir is None else _own_report(run_dir))


def _all_reports():
    """Write the page of all experiments and the README's leaderboard; return the page's path."""
    from fer_utils import paths
    from fer_utils.pipeline import experiments, leaderboard, overview

    root = paths.output_root()
    ledger = root / "submissions" / "leaderboard.csv"
    page = overview.write(root / "runs", ledger, root / "runs" / "report.html")
    if paths.in_clone() and ledger.exists():
        leaderboard.write_readme(root / "README.md", ledger)
    if left_out := experiments.without_fits(root / "runs"):
        typer.echo(f"left out: {left_out} of the folders in runs/, for they hold no finished fit")
    return page


def _own_report(run_dir):
    from fer_utils import paths
    from fer_utils.pipeline import manifest, runner, suite
    from fer_utils.pipeline import report as reports

    run_dir = paths.resolved(run_dir)
    runner.check_run_dir(run_dir, runner.NOTEBOOKS)
    if not (run_dir / manifest.FOLDER).is_dir():
        raise FerError(f"{run_dir} is not a run folder: it has no {manifest.FOLDER}/")
    return reports.refresh(run_dir, suite.SUITE)


@app.command()
@plain_errors
def outputs(
    run_dir: Annotated[
        str, typer.Option("--run", metavar="DIR", help="The run folder; auto: synthetic, smoke.")
    ] = "auto",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Into this notebook alone; may be repeated."),
    ] = None,
) -> None:
    """Put the outputs of a run into the notebooks, as they are committed."""
    from fer_utils import settings
    from fer_utils.pipeline import outputs as copies
    from fer_utils.pipeline import runner, suite

    folder = settings.resolve("synthetic", "smoke", run_dir).run_dir
    runner.check_run_dir(folder, runner.NOTEBOOKS)
    chosen = [suite.named(suite.SUITE, name) for name in only or ()]
    for changed in copies.copy(folder, chosen or suite.SUITE, runner.NOTEBOOKS):
        typer.echo(changed)


@app.command()
@plain_errors
def data(
    path: Annotated[
        Path | None,
        typer.Argument(help="Where FER2013's files are, or synthetic; else the usual places."),
    ] = None,
    pack: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write it as small, lossless tile sheets.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch it from Kaggle into PATH, else ./data.")
    ] = False,
) -> None:
    """Say which data was found, where, and what is in it."""
    from fer_utils import datasets, paths

    if path is not None and str(path) == "synthetic" and not path.exists():
        if pack or download:
            raise FerError("drawn faces have no files: leave out --pack and --download")
        _describe("synthetic")
        return
    path, pack = (place and paths.resolved(place) for place in (path, pack))
    if download:
        from fer_utils.datasets import download as downloads

        path = downloads.download(path or Path("data"))
    root = datasets.find("fer2013", path)
    if root is None:
        raise FerError(
            "no data found: fetch it with data --download, give the path of Kaggle's files, put "
            "them into ./data, or set FER_UTILS_DATA; until then runs draw synthetic faces"
        )
    if pack is not None:
        from fer_utils.datasets.fer2013 import tiles

        tiles.pack(root, pack)
        typer.echo(f"packed {root} into {pack}")
        return
    _describe("fer2013", root)


def _describe(name, root=None):
    from fer_utils import datasets
    from fer_utils.datasets import summary

    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        dataset = datasets.load(name, root)
    for line in summary.lines(dataset):
        typer.echo(line)
    for note in notes:
        typer.echo(f"note: {note.message}")


# These have modules of their own.
app.command("export")(plain_errors(commands.export))
app.command("predict")(plain_errors(commands.predict))
