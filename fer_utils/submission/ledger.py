"""The ledger of what was submitted: ``leaderboard.csv``, a row a file."""

import csv
import datetime
import filecmp
from pathlib import Path

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.submission.text import read_lines

LEDGER_COLUMNS = [
    *("file", "date", "model", "data", "profile", "seed", "parameters", "train_seconds"),
    *("device", "commit", "public", "public_se", "public_dedup", "kaggle"),
]


def record(ledger, file, metrics, run, kaggle=""):
    """Write a submission's row into the ledger, in place of an earlier row of that file.

    Args:
        ledger: path of ``leaderboard.csv``; made if absent.
        file: path of the submission; its name is the key.
        metrics: flat dict as in ``metrics.json``.
        run: dict as in ``run.json``.
        kaggle: the score Kaggle gave; empty where unknown.

    Returns:
        dict, the row.

    Raises:
        FerError: the ledger has other columns.
    """
    identity = run.get("identity", {})
    public = metrics if metrics.get("scored_on") == "valid" else {}
    row = {
        "file": Path(file).name,
        "date": datetime.date.today().isoformat(),
        "model": ", ".join(metrics[key] for key in ("model", "start") if key in metrics),
        "data": identity.get("dataset", ""),
        "profile": identity.get("profile", ""),
        "seed": identity.get("seed", ""),
        "parameters": metrics.get("parameters", ""),
        "train_seconds": metrics.get("train_seconds", ""),
        "device": run.get("device", ""),
        "commit": run.get("commit", ""),
        "public": _rounded(public.get("accuracy")),
        "public_se": _rounded(public.get("standard_error")),
        "public_dedup": _rounded(public.get("accuracy_without_twins")),
        "kaggle": kaggle,
    }
    rows = {old["file"]: old for old in read_ledger(ledger)} | {row["file"]: row}
    write_ledger(ledger, rows.values())
    return row


def note_score(ledger, file, score, mark):
    """Write the score that Kaggle gave into a submission's row; one is made where there is none.

    A row is of the file beside the ledger. Another file of that name gets a row with its mark.

    Args:
        ledger: path of ``leaderboard.csv``; made if absent.
        file: path of the submission.
        score: str, as Kaggle gave it.
        mark: str that tells the file from others of its name.

    Raises:
        FerError: the ledger has other columns.
    """
    rows, name = {row["file"]: row for row in read_ledger(ledger)}, Path(file).name
    beside = Path(ledger).with_name(name)
    if not beside.exists() or not filecmp.cmp(file, beside, shallow=False):
        name = f"{Path(file).stem} {mark}{Path(file).suffix}"
    new = {"file": name, "date": datetime.date.today().isoformat()}
    write_ledger(ledger, (rows | {name: rows.get(name, new) | {"kaggle": score}}).values())


def write_ledger(ledger, rows):
    """Write a ledger whole: a dict for each row, in their order; empty where it has no value."""
    with runs.whole_file(ledger) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, LEDGER_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _rounded(value):
    return "" if value is None else f"{value:.4f}"


def read_ledger(ledger):
    """Return the ledger's rows as dicts of strings, empty where there is no ledger yet.

    Raises:
        FerError: it has other columns.
    """
    ledger = Path(ledger)
    if not ledger.exists():
        return []
    rows = list(csv.reader(read_lines(ledger))) or [[]]  # an empty file has no header
    for number, row in enumerate(rows, start=1):
        if len(row) != len(LEDGER_COLUMNS) or (number == 1 and row != LEDGER_COLUMNS):
            raise FerError(
                f"{ledger}, line {number}: expected the columns {','.join(LEDGER_COLUMNS)}"
            )
    return [dict(zip(LEDGER_COLUMNS, row, strict=True)) for row in rows[1:]]
