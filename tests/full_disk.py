"""Commands on a disk that is full indeed, or read-only: python full_disk.py FOLDER COMMAND ...

For a process of its own under ``unshare --map-root-user --mount``, which may mount. Prints what
each attempt said, a line each; ends with a traceback where something other than a sentence came.
"""

import subprocess
import sys
import warnings
from pathlib import Path

import test_faults

from fer_utils.errors import FerError

KIB = (0, 4, 12, 24, 40, 64, 96)  # that are free


def main(top, names):
    folder = Path(top, "disk")
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=64m", "none", folder)
    for name in names:
        function = test_faults.COMMANDS[name]
        for kib in KIB:
            test_faults.emptied(folder)
            function(folder, 0)
            attempt(function, folder, f"size={used(folder) + kib}k", f"{kib} KiB")
        attempt(function, folder, "ro", "read-only")


def attempt(function, folder, options, what):
    mount("-o", f"remount,{options}", folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(folder, 1)
        said = "done"
    except FerError as error:
        said = str(error)
    test_faults.told(folder, hidden=False)  # an error where a file is half
    mount("-o", "remount,rw,size=64m", folder)
    function(folder, 1)
    left = [path.name for path in folder.rglob(".*.part*")]
    sys.stdout.write(f"{function.__name__}, {what}: {said} {left or ''}\n")


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def used(folder):
    command = ["df", "-k", "--output=used", str(folder)]
    return int(subprocess.run(command, check=True, capture_output=True).stdout.split()[1])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
