"""One quiet line at a time, where a notebook or a pipeline reads it."""

import sys


def log(line):
    """Write one line at once: a pipe would hold it back."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def log_beginning(key, what, recipe, asked, profile):
    """Write what is trained, on what, for how long; and that a profile cut the epochs.

    Args:
        key: folder of the fit under the run folder.
        what: str, for example ``2,880 images``.
        recipe: the Recipe that is carried out.
        asked: the Recipe that was asked for.
        profile: the Profile.
    """
    cut = f" of {asked.epochs}: profile {profile.name}" if recipe.epochs < asked.epochs else ""
    log(f"{key}: {what}, {recipe.epochs} epochs{cut}")
