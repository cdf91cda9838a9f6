"""Installs fer_utils, and the libraries that are missing, from the folder that this file is in.

It travels in the data set that ``python -m fer_utils kaggle push`` makes: the kernel runs it, and
so does a notebook that is opened on Kaggle. It needs no network. What Kaggle has, TensorFlow and
Keras above all, stays as it is: nothing is installed with its dependencies.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main():
    """Install all; return 0 where the package itself went well."""
    if not install("fer-utils", "--force-reinstall"):  # an older one may be there
        return 1
    bundle = json.loads((FOLDER / "fer_utils_bundle.json").read_text())
    for library, modules in bundle["libraries"].items():
        if not all(find_spec(module) for module in modules) and not install(library):
            print(f"{library} cannot be installed: the notebooks that need it are left out")
    return 0


def install(name, *options):
    """Install one package from the folder's wheels; return whether that went well."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-index", "--no-deps", "--find-links", str(FOLDER), *options, name]
    return subprocess.run(command).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
