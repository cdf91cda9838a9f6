"""What the paths of a command mean: files, folders with all below them, patterns."""

import collections
import dataclasses
import functools
import glob
import os
from pathlib import Path

from fer_utils import paths
from fer_utils.datasets.photographs import SUFFIXES
from fer_utils.predicting.names import is_result, printable

VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv")


@dataclasses.dataclass(frozen=True)
class Item:
    """One file to look at.

    Args:
        path: Path of the file.
        name: str, what the table calls it: relative to the folder that was given.
        where: str, the same with that folder's own name, for what it tells of the truth.
    """

    path: Path
    name: str
    where: str = ""

    @property
    def is_video(self):
        """Whether it is a video, by its suffix."""
        return self.path.suffix.lower() in VIDEOS


def listed(given, out=None):
    """Return the files that paths mean, and what is wrong with the rest.

    Args:
        given: list of str: files, folders (all photographs and videos below them, hidden ones left
            out) or patterns such as ``*.jpg``.
        out: Path of the folder of results: what is named as they are is not taken.

    Returns:
        list of Item without doubles, in the order given, folders sorted; list of
        ``(path, problem)``.
    """
    taken, problems = {}, []
    out = None if out is None else paths.resolved(out)
    folder_of = functools.cache(paths.resolved)  # a folder holds many files
    for text in map(str, given):
        found, own = _meant(text)
        problems += [(text, problem) for problem in own]
        kept = [item for item in found if out is None or not _is_result(item, out, folder_of)]
        if found and not kept:
            problems.append(
                (text, f"{text} holds results alone: give another folder for new ones")
            )
        for item in kept:
            taken.setdefault(os.path.abspath(item.path), item)
    return _apart(list(taken.values())), problems


def _is_result(item, out, folder_of):
    # Where it really lies: ``..`` and links lead to results as well.
    return is_result(folder_of(item.path.parent) / item.path.name, out)


def _meant(text):
    """Return the Items of one text, and a list of what is wrong."""
    path = Path(text).expanduser()
    if path.is_dir():
        return _below(path)
    if os.path.lexists(path):
        return [_item(path, path.parent, path.name)], []
    if glob.has_magic(text):
        found = sorted(map(Path, glob.glob(str(path), recursive=True)))
        files = [one for one in found if one.is_file() and _is_ours(one)]
        problem = f"{text} fits no photograph or video: check the pattern"
        top = _without_magic(path)
        return [_item(one, top, one.name) for one in files], [] if files else [problem]
    return [], [f"{text} is missing: check the path"]


def _item(path, top, name=None):
    """Return an Item whose truth is told from a folder on, not by where that one lies."""
    below = path.relative_to(top)
    where = Path(os.path.abspath(top)).name / below
    return Item(path, printable(name or str(below)), str(where))


def _without_magic(pattern):
    """Return the folder that a pattern begins with."""
    return next(folder for folder in pattern.parents if not glob.has_magic(str(folder)))


def _below(folder):
    items, problems = [], []

    def refused(error):
        problems.append(f"{error.filename} cannot be read: change its permissions")

    for at, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        own = (Path(at, name) for name in sorted(names) if not name.startswith("."))
        items += [_item(path, folder) for path in own if _is_ours(path)]
    if not items and not problems:
        known = ", ".join((*SUFFIXES, *VIDEOS))
        problems = [f"{folder} holds no photographs or videos ({known}): give another folder"]
    return items, problems


def _is_ours(path):
    return path.suffix.lower() in (*SUFFIXES, *VIDEOS)


def _apart(items):
    """Return the items, with the whole path for a name where several share one."""
    names = collections.Counter(item.name for item in items)
    return [item if names[item.name] == 1 else _whole_name(item) for item in items]


def _whole_name(item):
    return dataclasses.replace(item, name=printable(str(item.path)))
