"""What the paths of a command mean: files, folders with all below them, patterns."""

import collections
import dataclasses
import glob
import os
from pathlib import Path

from fer_utils.datasets.photographs import SUFFIXES

VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ogv")


@dataclasses.dataclass(frozen=True)
class Item:
    """One file to look at.

    Args:
        path: Path of the file.
        name: str, what the table calls it: relative to the folder that was given.
    """

    path: Path
    name: str

    @property
    def is_video(self):
        """Whether it is a video, by its suffix."""
        return self.path.suffix.lower() in VIDEOS


def listed(paths, leave_out=None):
    """Return the files that paths mean, and what is wrong with the rest.

    Args:
        paths: list of str: files, folders (all photographs and videos below them, hidden ones left
            out) or patterns such as ``*.jpg``.
        leave_out: Path of a folder whose files are not taken: where results go.

    Returns:
        list of Item without doubles, in the order given, folders sorted; list of
        ``(path, problem)``.
    """
    items, problems = {}, []
    for text in map(str, paths):
        found, problem = _meant(text)
        if problem:
            problems.append((text, problem))
        for item in found:
            if leave_out is None or leave_out not in item.path.absolute().parents:
                items.setdefault(os.path.abspath(item.path), item)
    return _apart(list(items.values())), problems


def _meant(text):
    path = Path(text).expanduser()
    if path.is_dir():
        return _below(path)
    if os.path.lexists(path):
        return [Item(path, path.name)], None
    if glob.has_magic(text):
        found = sorted(map(Path, glob.glob(str(path), recursive=True)))
        files = [Item(one, one.name) for one in found if one.is_file() and _is_ours(one)]
        return files, None if files else f"{text} fits no photograph or video: check the pattern"
    return [], f"{text} is missing: check the path"


def _below(folder):
    items = []
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        own = (Path(at, name) for name in sorted(names) if not name.startswith("."))
        items += [Item(path, str(path.relative_to(folder))) for path in own if _is_ours(path)]
    if items:
        return items, None
    if not os.access(folder, os.R_OK | os.X_OK):
        return [], f"{folder} cannot be read: change its permissions"
    known = ", ".join((*SUFFIXES, *VIDEOS))
    return [], f"{folder} holds no photographs or videos ({known}): give another folder"


def _is_ours(path):
    return path.suffix.lower() in (*SUFFIXES, *VIDEOS)


def _apart(items):
    """Return the items, with the whole path for a name where several share one."""
    names = collections.Counter(item.name for item in items)
    return [
        item if names[item.name] == 1 else dataclasses.replace(item, name=str(item.path))
        for item in items
    ]
