"""How long the command line takes to answer, beside what it keeps from importing.

Usage: python benchmarks/startup.py [repeats]

Prints a markdown table of wall-clock seconds; each repeat is a process of its own.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -m fer_utils --help": ["-m", "fer_utils", "--help"],
    "import fer_utils": ["-c", "import fer_utils"],
    "import keras (with TensorFlow)": ["-c", "import keras"],
    "python alone": ["-c", ""],
}


def seconds(arguments):
    """Return how long one process takes, in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - started


def main():
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| command | median s | range | n |\n|---|---|---|---|")
    for name, arguments in COMMANDS.items():
        seconds(arguments)  # the first call fills the file cache
        times = [seconds(arguments) for _ in range(repeats)]
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {min(times):.2f}-{max(times):.2f} | {repeats} |")


if __name__ == "__main__":
    main()
