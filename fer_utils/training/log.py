"""One quiet line at a time, where a notebook or a pipeline reads it."""

import sys


def log(line):
    """Write one line at once: a pipe would hold it back."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
