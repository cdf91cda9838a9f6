"""All experiments at a glance: one HTML page over the leaderboard and every run folder."""

import base64
import dataclasses
import io
import os
from pathlib import Path

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.pipeline import experiments, results
from fer_utils.pipeline.leaderboard import label, public_score, table
from fer_utils.submission import read_ledger

HERE = Path(__file__).parent
MOST_CURVES = 8  # in one figure: more lines are not told apart


@dataclasses.dataclass(frozen=True)
class Run:
    """One run folder as the page shows it.

    Args:
        name: its folder's name.
        finished: when its last fit ended, as text.
        report: path of its own report, relative to the page, empty where it has none.
        columns: names of its table's columns.
        rows: the table, lists of texts.
        curves: PNG figures, base64.
        ablations: see ``experiments.ablations``.
    """

    name: str
    finished: str
    report: str
    columns: list
    rows: list
    curves: list
    ablations: list

    @property
    def fits(self):
        """How many fits it holds."""
        return len(self.rows)


def write(place, ledger, page):
    """Write the page over all run folders and the ledger.

    Args:
        place: Path of the folder of run folders.
        ledger: Path of ``leaderboard.csv``.
        page: Path of the HTML file.

    Returns:
        The path of the page.

    Raises:
        FerError: there is neither a run nor a ledger; the ledger has other columns.
    """
    rows, found = read_ledger(ledger), experiments.run_folders(place)
    if not rows and not found:
        raise FerError(
            f"nothing to report: no run in {place}, no submission in {ledger}; "
            "python -m fer_utils run makes both"
        )
    shown = [_run(path, fits, page.parent) for path, fits in found.items()]
    left_out = experiments.without_fits(place)
    runs.write_text(page, render(sorted(rows, key=public_score, reverse=True), shown, left_out))
    return page


def render(ledger, shown, left_out=0):
    """Return the page as HTML.

    Args:
        ledger: rows of the ledger, the best first.
        shown: list of Run.
        left_out: int, how many run folders hold no fit.
    """
    import jinja2

    loader = jinja2.FileSystemLoader(HERE)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    scored = [row for row in ledger if row["public"]]
    return environment.get_template("overview.html.j2").render(
        ledger=table(ledger),
        leaderboard=_leaderboard(scored) if scored else "",
        runs=shown,
        left_out=left_out,
    )


def _run(path, fits, beside):
    columns, rows = results.table([{"model": fit.key, **_flat(fit.metrics)} for fit in fits])
    own = path / "report.html"
    return Run(
        name=path.name,
        finished=max(fit.finished for fit in fits)[:16].replace("T", " "),
        report=os.path.relpath(own, beside) if own.exists() else "",
        columns=columns,
        rows=rows,
        curves=_curves(fits),
        ablations=experiments.ablations(fits),
    )


def _flat(metrics):
    return {k: v for k, v in metrics.items() if isinstance(v, str | int | float) and k != "model"}


def _curves(fits):
    """Return figures of the fits' learning curves, a few curves each."""
    from fer_utils import plots

    tables = {fit.key: fit.history() for fit in fits}
    drawn = [(key, table) for key, table in tables.items() if table is not None]
    parts = range(0, len(drawn), MOST_CURVES)
    return [_png(plots.learning_curves(dict(drawn[i : i + MOST_CURVES]))) for i in parts]


def _leaderboard(rows):
    import pandas as pd

    from fer_utils import plots

    frame = pd.DataFrame(rows, index=[label(row) for row in rows])
    values, errors = (pd.to_numeric(frame[name]).fillna(0) for name in ("public", "public_se"))
    return _png(plots.estimates(values, errors, frame.index[:1], xlabel="public accuracy"))


def _png(ax):
    import matplotlib.pyplot as plt

    content = io.BytesIO()
    ax.figure.savefig(content, format="png", dpi=110, bbox_inches="tight")
    plt.close(ax.figure)
    return base64.b64encode(content.getvalue()).decode()
