"""The one exception for what a user can mend."""


class FerError(Exception):
    """A problem with data, files or arguments that the user can put right.

    The message is one line that names what is wrong, where (file, row, cell) and what to
    do. The command line prints it without a traceback and exits with 2; bugs keep theirs.
    """
