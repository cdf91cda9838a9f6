"""How long the command line takes to answer, beside what it keeps from importing.

Usage: python benchmarks/startup.py [turns]

Prints a markdown table of wall-clock seconds; each turn is a process of its own.
"""

import functools
import subprocess
import sys

import measuring

COMMANDS = {
    "python -m fer_utils --help": ["-m", "fer_utils", "--help"],
    "import fer_utils": ["-c", "import fer_utils"],
    "python alone": ["-c", ""],
    "import keras (with TensorFlow)": ["-c", "import keras"],
}


def main():
    """Print the table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ways = {
        name: functools.partial(
            subprocess.run, [sys.executable, *arguments], capture_output=True, check=True
        )
        for name, arguments in COMMANDS.items()
    }
    print(measuring.table(measuring.in_turns(ways, turns), "seconds"))


if __name__ == "__main__":
    main()
