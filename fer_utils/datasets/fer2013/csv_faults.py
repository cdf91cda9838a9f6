"""What is wrong with a row of a table, said in one line."""

import re

from fer_utils.datasets.fer2013.rows import SIDE, USAGES
from fer_utils.errors import FerError

AGAIN = "download the file again"


def fault(table, line, what):
    """Return the FerError of one line of a table; an editor shows the same line number."""
    return FerError(f"{table}, line {line}: {what}")


def shown(cell, width=20):
    """Return a cell as text, cut to ``width`` characters, safe to print."""
    text = cell.decode("utf-8", "replace")
    return repr(text if len(text) <= width else text[:width] + "…")


def too_long(table, line):
    """Return the FerError of a row that does not end."""
    return fault(table, line, f"the row does not end: this is not FER2013's table; {AGAIN}")


def too_few_cells(table, line):
    """Return the FerError of a row with fewer fields than the header."""
    fields = len(table.columns)
    return fault(table, line, f"fewer than the header's {fields} fields: correct it, or {AGAIN}")


def in_cells(table, line, cells):
    """Return the FerError of a row's emotion or Usage.

    Args:
        table: Table.
        line: int, from 1.
        cells: dict of column name to bytes, pixels left out.
    """
    usage, emotion = cells.get("usage"), cells.get("emotion", b"")
    if usage is not None and usage.decode("utf-8", "replace") not in USAGES:
        return fault(table, line, f"Usage {shown(usage)} is unknown: use {', '.join(USAGES)}")
    if not emotion:
        return fault(table, line, "a training row without emotion: give 0-6, or remove the row")
    return fault(
        table, line, f"emotion {shown(emotion)} is not one of 0-6: correct it, or {AGAIN}"
    )


def in_block(table, line, block, spans):
    """Return the FerError of the first faulty row of a block.

    Args:
        table: Table.
        line: int, the line of the block's first row, from 1.
        block: bytes of whole rows.
        spans: list of (start, end) of the rows' pixels in the block.
    """
    for start, end in spans:
        what = _in_pixels(block[start:end])
        if what:
            return fault(table, line + block.count(b"\n", 0, start), what)
    raise AssertionError(f"{table}: the fast parser refuses lines from {line}, the slow one none")


def _in_pixels(text):
    """Return what is wrong with one row's pixels, or None."""
    for token in text.split(b" "):
        if re.fullmatch(rb"-?[0-9]+", token) and not (len(token) <= 3 and int(token) <= 255):
            return f"pixel {shown(token)} is not in 0-255: correct it, or {AGAIN}"
        if re.search(rb"[^0-9]", token):
            outside = re.fullmatch(rb"-[0-9]+", token)
            kind = "in 0-255" if outside else "an integer"
            return f"pixel {shown(token)} is not {kind}: correct it, or {AGAIN}"
    count = len(text.split())
    if count != SIDE * SIDE:
        return (
            f"{count:,} pixels, not {SIDE * SIDE:,} ({SIDE}x{SIDE}): the row is damaged; {AGAIN}"
        )
    return None
