"""The kernel's script: sets fer_utils up from the attached data set, offline, and runs the suite.

``python -m fer_utils kaggle push`` fills in SETTINGS and sends it.
"""

import contextlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = {}
DEPTH = 5  # of folders below the input folder, where data sets are mounted


def main():
    """Set the package up, then run the suite within the time of SETTINGS."""
    began = time.monotonic()
    kaggle = Path(os.environ.get("FER_UTILS_KAGGLE", "/kaggle"))
    working = kaggle / "working"
    try:
        folder = find(kaggle / "input")
        if subprocess.run([sys.executable, str(folder / "fer_utils_setup.py")]).returncode:
            sys.exit(f"fer_utils cannot be installed from {folder}: see the lines above")
        importlib.invalidate_caches()
        from fer_utils.kaggle import session

        return session.run(SETTINGS, folder, began)
    except BaseException as error:
        if not (working / "kaggle_run.json").exists():
            hand_on(kaggle / "input", working, error)
        raise


def hand_on(root, working, error):
    """Copy what the kernel before made: the next one is given this one's output alone."""
    records = {
        folder: record
        for folder, record in marked(root, "kaggle_run.json").items()
        if record.get("kernel") == SETTINGS["kernel"] and isinstance(record.get("files"), dict)
    }
    if records:
        latest = max(records, key=lambda folder: str(records[folder].get("written")))
        origin = f"continued from {latest}, which was {records[latest].get('state')}"
        noted = records[latest] | {"state": "failed", "error": str(error), "origin": origin}
        # First: it lists all, so that whatever cannot be copied is missed, not forgotten.
        (working / "kaggle_run.json").write_text(json.dumps(noted))
        for name in noted["files"]:
            if not (working / name).exists():
                with contextlib.suppress(OSError):
                    copy(latest / name, working / name)
        print(f"what {latest} holds is handed on: the next kernel continues from it")


def copy(source, target):
    """Copy a file whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(source, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def find(root):
    """Return the folder of the data set that was sent with this kernel."""
    found = marked(root, "fer_utils_bundle.json")
    for folder in sorted(found):  # it may be mounted twice, or an older version beside it
        if found[folder].get("hash") == SETTINGS["bundle"]:
            return folder
    there = ", ".join(map(str, found)) or "no data set of fer_utils"
    sys.exit(f"under {root} is {there}, not the one sent with this kernel: push again")


def marked(root, name):
    """Return the dicts that the JSON files of a name hold, by folder."""
    found = {}
    for folder, folders, files in os.walk(root):
        if name in files:
            with contextlib.suppress(OSError, ValueError, RecursionError):  # damaged
                held = json.loads(Path(folder, name).read_text())
                if isinstance(held, dict):
                    found[Path(folder)] = held
        if len(Path(folder).relative_to(root).parts) >= DEPTH:
            folders.clear()
    return found


if __name__ == "__main__":
    # Else Python would end at once, and the suite with it, without a last record.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Kaggle stops the kernel"))
    sys.exit(main())
