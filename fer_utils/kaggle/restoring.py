"""Takes up what an earlier kernel made, from where its output is attached to this one."""

import os
import shutil
from pathlib import Path

from fer_utils import runs
from fer_utils.errors import FerError
from fer_utils.kaggle import RECORD, record

DEPTH = 5  # of folders below the input folder


def restore(root, working, kernel, anew=None):
    """Copy what an earlier kernel made, as its record lists it.

    Args:
        root: the input folder.
        working: the kernel's working folder; what is there already stays.
        kernel: the name of the kernel, ``owner/name``.
        anew: why no output is attached; None where it should be.

    Returns:
        str, from where the suite continues, or why it begins anew; and when it began anew.

    Raises:
        FerError: a file cannot be copied.
    """
    places = list(_holding(root, RECORD))
    found = [(place, record.read(place / RECORD)) for place in places]
    own = [(place, noted) for place, noted in found if noted and noted["kernel"] == kernel]
    if not own:
        return f"begins anew: {anew or _why(root, kernel, found)}", record.now()
    place, noted = max(own, key=lambda pair: pair[1]["written"])
    files = {name: facts for name, facts in noted["files"].items() if record.is_kept(name)}
    lacking = _copy(place, working, files)
    record.restore_times(working, files)
    lacks = f"; {lacking} of its {len(files)} files are not there" if lacking else ""
    return f"continued from {place}, which was {noted['state']}{lacks}", noted["began"]


def _why(root, kernel, found):
    """Return why nothing can be continued from, though an output should be attached."""
    for place, noted in found:
        if noted is None:
            return f"{place / RECORD} is damaged"
    if found:
        others = ", ".join(f"{place} ({noted['kernel']})" for place, noted in found)
        return f"what is attached is another kernel's: {others}"
    slug = kernel.split("/")[-1]
    for folder, folders, _ in _walk(root):
        if slug in folders:
            return (
                f"{Path(folder, slug)} holds no {RECORD}: the last kernel died before it wrote one"
            )
    return f"Kaggle has attached no output of {kernel}"


def _copy(place, working, files):
    """Copy the files that are not there yet; return how many the record lists in vain."""
    lacking = 0
    for name in files:
        source, target = place / name, working / name
        if not source.is_file():
            lacking += 1
        elif not target.exists():
            try:
                with runs.whole_file(target) as part:
                    shutil.copyfile(source, part)
            except (OSError, FerError) as error:
                raise FerError(
                    f"{source}, of the kernel before, cannot be copied ({error}): pull what that "
                    "one made, if you have not, then push again"
                ) from error
    return lacking


def _holding(root, name):
    for folder, _, files in _walk(root):
        if name in files:
            yield Path(folder)


def _walk(root):
    for folder, folders, files in os.walk(root):
        yield folder, folders, files
        if len(Path(folder).relative_to(root).parts) >= DEPTH:
            folders.clear()
