"""The ledger as people read it: in the README's table and on the page of all experiments."""

import math

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.submission import read_ledger

BEGIN, END = "<!-- leaderboard: python -m fer_utils report -->", "<!-- end of leaderboard -->"
_WORDS = {
    "v1": "Hamski's CNN (seed 000), flips",
    "v2": "narrowing kernels (seed 000)",
    "v3": "seed 001's network mended",
    "v4": "seed 002's searched CNN",
    "v5": "seed 003's five layers",
    "v6": "VGG16 (seeds 003 and 004)",
    "v7": "MobileNet (seeds 001 and 003)",
    "v8": "eight 3x3 convolutions, modern recipe",
    "v8_views": "its mean over ten views of each face",
    "versions": "the versions together",
    "ensemble": "mean of several networks, ten views",
    "v8_distilled": "distilled from a contest's members",
    "small": "for the browser, distilled from three networks",
}


def public_score(row):
    """Return the public accuracy of a row of the ledger, -1 where it has none."""
    return float(row["public"] or -1)


def label(row):
    """Return the name of a row of the ledger: its file's, without the ending."""
    return row["file"].removesuffix(".csv")


def told(row):
    """Return a row of the ledger as both tables show it: dict of texts."""
    seconds = float(row["train_seconds"] or math.nan)
    return {
        "file": row["file"],
        "model": _words(row),
        "public": f"{float(row['public']):.3f} ± {float(row['public_se']):.3f}"
        if row["public"] and row["public_se"]
        else "",
        "without twins": f"{float(row['public_dedup']):.3f}" if row["public_dedup"] else "",
        "kaggle": row["kaggle"],
        "weights": f"{int(row['parameters']):,}" if row["parameters"] else "",
        "trained": f"{seconds:,.0f} s, {row['device']}" if math.isfinite(seconds) else "",
        "date": row["date"],
    }


def table(rows):
    """Return rows of the ledger as the page shows them; ``kaggle`` only where one has it."""
    shown = [told(row) for row in rows]
    left_out = () if any(row["kaggle"] for row in shown) else ("kaggle",)
    return [{k: v for k, v in row.items() if k not in left_out} for row in shown]


def _words(row):
    """Return what a row's model is, in a few words."""
    words = _WORDS.get(row["model"].partition(",")[0])
    return f"{row['model']}: {words}" if words else row["model"]


def write_readme(readme, ledger):
    """Put the ledger's table between its two marks in the README.

    Args:
        readme: Path.
        ledger: Path of ``leaderboard.csv``.

    Returns:
        Whether the file changed.

    Raises:
        FerError: the README cannot be read or lacks the marks; the ledger has other columns.
    """
    try:
        text = readme.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise FerError(f"{readme} cannot be read ({error})") from error
    head, found, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (found and ended):
        raise FerError(f"{readme} lacks the lines {BEGIN} and {END}: put them around the table")
    new = f"{head}{BEGIN}\n{readme_table(read_ledger(ledger))}{END}{tail}"
    if new != text:
        runs.write_text(readme, new)
    return new != text


def readme_table(rows):
    """Return the rows of the ledger with a public score as a Markdown table, the best first."""
    shown = ("file", "model", "public", "without twins", "weights", "trained")
    lines = [f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}"]
    for row in sorted((row for row in rows if row["public"]), key=public_score, reverse=True):
        cells = told(row)
        lines.append(f"| {' | '.join(cells[name] for name in shown)} |")
    return "".join(f"{line}\n" for line in lines)
