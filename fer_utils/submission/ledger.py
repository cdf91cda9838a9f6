"""The ledger of what was submitted: ``leaderboard.csv``, a row a file."""

import csv
import datetime
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_utils import locks, runs
from fer_utils.errors import FerError
from fer_utils.submission.text import read_rows
from fer_utils.training.log import log

LEDGER_COLUMNS = [
    *("file", "date", "model", "data", "profile", "seed", "parameters", "train_seconds"),
    *("device", "commit", "public", "public_se", "public_dedup", "kaggle", "scored"),
]
_EARLIER = LEDGER_COLUMNS[:-1]  # without the mark of what Kaggle scored


def mark(file):
    """Return what tells a file's content from another's, 12 digits; empty where it is missing."""
    path = Path(file)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""


def record(
    ledger: str | Path,
    file: str | Path,
    metrics: Mapping[str, Any],
    run: Mapping[str, Any],
    kaggle: str | float = "",
) -> dict[str, Any]:
    """Write a submission's row into the ledger, in place of an earlier row of that file.

    The score that Kaggle gave stays where the file has the content that Kaggle saw; else it is
    dropped, which a line says.

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
    }
    told = {"kaggle": kaggle, "scored": mark(file)}
    with locks.alone(Path(ledger).parent):
        rows = {old["file"]: old for old in read_ledger(ledger)}
        none = {"kaggle": "", "scored": ""}
        row |= told if kaggle else none | score_of(rows.get(row["file"]), file)
        write_ledger(ledger, (rows | {row["file"]: row}).values())
    return row


def score_of(row, file):
    """Return the part of a row that tells of Kaggle, where it holds for a file; else none.

    Args:
        row: dict, the row of a file of that name; None where there is none.
        file: path of the file that takes its place.
    """
    if not row or not row["kaggle"]:
        return {}
    if row["scored"] and row["scored"] == mark(file):
        return {key: row[key] for key in ("kaggle", "scored")}
    known = "not" if row["scored"] else "not known to be"
    log(f"{row['file']}: {known} what Kaggle scored {row['kaggle']}, which leaves the ledger")
    return {}


def note_score(ledger, file, score):
    """Write the score that Kaggle gave into a submission's row; one is made where there is none.

    A row is of the file beside the ledger. Another file of that name gets a row with its mark.

    Args:
        ledger: path of ``leaderboard.csv``; made if absent.
        file: path of the submission.
        score: str, as Kaggle gave it.

    Raises:
        FerError: the ledger has other columns.
    """
    name, scored = Path(file).name, mark(file)
    if mark(Path(ledger).with_name(name)) != scored:
        name = f"{Path(file).stem} [{scored}]{Path(file).suffix}"
    row = dict.fromkeys(LEDGER_COLUMNS, "")
    row |= {"file": name, "date": datetime.date.today().isoformat()}
    with locks.alone(Path(ledger).parent):
        rows = {old["file"]: old for old in read_ledger(ledger)}
        row |= rows.get(name, {}) | {"kaggle": score, "scored": scored}
        write_ledger(ledger, (rows | {name: row}).values())


def write_ledger(ledger, rows):
    """Write a ledger whole: a dict for each row, in their order; empty where it has no value."""
    with runs.whole_file(ledger) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, LEDGER_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _rounded(value):
    return "" if value is None else f"{value:.4f}"


def read_ledger(ledger: str | Path) -> list[dict[str, str]]:
    """Return the ledger's rows as dicts of strings, empty where there is no ledger yet.

    Raises:
        FerError: it has other columns.
    """
    ledger = Path(ledger)
    if not ledger.exists():
        return []
    (first, header), *rows = read_rows(ledger) or [(1, [])]  # an empty file has no header
    columns = _EARLIER if header == _EARLIER else LEDGER_COLUMNS
    for number, row in [(first, header), *rows]:
        if len(row) != len(columns) or header != columns:
            raise FerError(
                f"{ledger}, line {number}: expected the columns {','.join(LEDGER_COLUMNS)}"
            )
    return [{"scored": "", **dict(zip(columns, row, strict=True))} for _, row in rows]
