"""The kernel's script: sets fer_utils up from the attached data set, offline, and runs the suite.

``python -m fer_utils kaggle push`` fills in SETTINGS and sends it.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = {}
DEPTH = 5  # of folders below the input folder, where data sets are mounted


def main():
    """Set the package up, then run the suite within the time of SETTINGS."""
    began = time.monotonic()
    folder = find(Path(os.environ.get("FER_UTILS_KAGGLE", "/kaggle"), "input"))
    if subprocess.run([sys.executable, str(folder / "fer_utils_setup.py")]).returncode:
        sys.exit(f"fer_utils cannot be installed from {folder}: see the lines above")
    importlib.invalidate_caches()

    from fer_utils.kaggle import session

    return session.run(SETTINGS, folder, began)


def find(root):
    """Return the folder of the data set that was sent with this kernel."""
    found = {}
    for folder, folders, files in os.walk(root):
        if "fer_utils_bundle.json" in files:
            bundle = json.loads(Path(folder, "fer_utils_bundle.json").read_text())
            found[Path(folder)] = bundle["hash"]
        if len(Path(folder).relative_to(root).parts) >= DEPTH:
            folders.clear()
    for folder in sorted(found):  # it may be mounted twice, or an older version beside it
        if found[folder] == SETTINGS["bundle"]:
            return folder
    there = ", ".join(map(str, found)) or "no data set of fer_utils"
    sys.exit(f"under {root} is {there}, not the one sent with this kernel: push again")


if __name__ == "__main__":
    sys.exit(main())
