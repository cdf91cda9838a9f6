"""One process at a time on a folder: the system drops a lock with its process, however it ends."""

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fer_utils import runs


def taken(number: int) -> bool:
    """Try to lock an open file or folder for this process.

    Args:
        number: int, its file descriptor.

    Returns:
        bool, False where another one has it. Where there are no locks (Windows, some network
        drives) nobody is kept out.
    """
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass
    return True


@contextlib.contextmanager
def alone(folder: str | Path, busy: Callable[[], None] | None = None) -> Iterator[None]:
    """Have a folder to oneself within the block; whoever comes second waits.

    The lock is on the folder itself: it leaves no file.

    Args:
        folder: made if absent.
        busy: function that is called once where another has it; it may raise, and so not wait.

    Raises:
        FerError: the folder cannot be made.
    """
    with contextlib.ExitStack() as stack:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise runs.writing_error(folder, error) from error
        with contextlib.suppress(OSError):  # Windows opens no folders
            number = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, number)
            _wait(number, busy)
        yield


def _wait(number, busy):
    if taken(number):
        return
    if busy is not None:
        busy()
    while not taken(number):
        time.sleep(0.05)


def this_process() -> str:
    """Return machine and number of this process, for example ``box 5f2c41d0:4711``."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:  # not Linux
        booted = ""
    return f"{platform.node()} {booted}:{os.getpid()}"  # names alone are not unique


def has_ended(process: str) -> bool | None:
    """Return whether a process, as ``this_process`` says it, has ended; None if not known.

    That of another machine is not, nor is one of this machine before it was started anew.
    """
    machine, _, number = process.rpartition(":")
    if machine != this_process().rpartition(":")[0] or not number.isdigit():
        return None
    return not runs.alive(int(number))
