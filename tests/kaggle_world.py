"""A small Kaggle on this machine: its variables, no network, no package but that in the wheel."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import fer2013_layouts
import numpy as np

from fer_utils import datasets

ISOLATED = Path(__file__).with_name("kaggle_isolated.py")
NO_SOCKETS = """
import socket
_connect = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(101, "Network is unreachable")
    return _connect(self, address)
socket.socket.connect = connect
"""


def environment(folder):
    """Make an environment that has this one's libraries, but not fer_utils; return its python.

    The libraries come by a .pth file, whose own .pth files, such as that of a package installed
    in place, do not count.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (inside,) = folder.glob("lib/python*/site-packages")
    (inside / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "python"


def write_data(folder, train=168, part=56):
    """Write drawn faces as Kaggle's files; icml_face_data.csv has the labels of PublicTest."""
    usage = np.repeat(fer2013_layouts.USAGES, (train, part, part))
    drawn = datasets.load("synthetic", n=train + 2 * part, seed=3)
    # Any labels: a class that occurs once cannot be stacked.
    faces = fer2013_layouts.Faces(drawn.images, np.arange(len(usage)) % 7, usage)
    fer2013_layouts.write_pair(folder, faces)
    fer2013_layouts.write_usage(
        folder / "icml_face_data.csv", faces, columns=("emotion", "Usage", "pixels"), blank=" "
    )
    return folder


def isolation(place):
    """Return the words that cut a command off from the network, and what they are.

    An ordinary user gets a namespace of users too, in which one may mount.

    Args:
        place: folder that the command cannot write then.
    """
    for flags in ("-nm", "-rnm"):
        words = ["unshare", flags, sys.executable, ISOLATED, place, "--"]
        if shutil.which("unshare") and not _run([*words, "true"]).returncode:
            return words, "a network namespace without a route"
    return [], "sockets blocked"


def _run(command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)


def run(command, kaggle, python, home):
    """Run a command as in a kernel; return the finished process and how it was cut off."""
    words, how = isolation(kaggle / "input")
    env = _variables(kaggle, python, home)
    if not words:
        (home / "blocked").mkdir(parents=True, exist_ok=True)
        (home / "blocked" / "sitecustomize.py").write_text(NO_SOCKETS)
        env["PYTHONPATH"] = str(home / "blocked")
    ended = _run([*words, *command], env=env, cwd=kaggle / "working", timeout=3600)
    return ended, how


def _variables(kaggle, python, home):
    """Return the variables of a kernel; of this session's own few are left."""
    kept = {k: v for k, v in os.environ.items() if k in ("LANG", "TF_CPP_MIN_LOG_LEVEL")}
    return kept | {
        "PATH": f"{python.parent}:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(home),
        "FER_UTILS_KAGGLE": str(kaggle),
        "KAGGLE_KERNEL_RUN_TYPE": "Batch",
        "KAGGLE_CONTAINER_NAME": "kaggle_rehearsal",
        "KAGGLE_URL_BASE": "https://www.kaggle.com",
        "MPLBACKEND": "agg",
    }
