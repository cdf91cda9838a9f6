"""Names of the files that a call gives, and of files in tables."""

import hashlib
import os
import re

ANNOTATED = "annotated"
_LONGEST = 200  # bytes of a name; most systems take 255, of which a file being written needs some


def annotated_name(name, seconds=None):
    """Return the path under ``out`` of a picture's annotated copy."""
    frame = "" if seconds is None else f"_{seconds:09.3f}s"
    # Of names that lead elsewhere (/a/b.jpg, ../b.jpg, C:\b.jpg) the copy stays under ``out``.
    inside = re.sub(r"(^|/)(\.\.?(/|$))+", r"\1", re.sub(r"^[A-Za-z]:|\\", "/", name)).strip("/")
    same = not frame and inside.lower().endswith((".jpg", ".jpeg"))
    *folders, last = f"{ANNOTATED}/{inside}{frame}{'' if same else '.jpg'}".split("/")
    return "/".join((*folders, _short(last)))


def _short(name):
    """Return a name that can be written; of a long one the beginning, and what tells it apart."""
    raw = os.fsencode(name)
    if len(raw) <= _LONGEST:
        return name
    mark = hashlib.sha256(raw).hexdigest()[:12]
    return f"{raw[: _LONGEST - 20].decode('utf-8', 'ignore')}_{mark}.jpg"


def sheet_name(number):
    """Return the name of a contact sheet, counted from 1."""
    return "contact_sheet.jpg" if number == 1 else f"contact_sheet_{number}.jpg"


def is_result(path, out):
    """Return whether a path is named as what a call writes into ``out``."""
    if out not in path.parents:
        return False
    first = path.relative_to(out).parts[0]
    return first == ANNOTATED or re.fullmatch(r"contact_sheet(_\d+)?\.jpg", first) is not None


def printable(text):
    """Return a text that can be printed and stored, whatever bytes a file's name has."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")
