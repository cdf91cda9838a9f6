"""Ends a process with all that it started."""

import contextlib
import os
import signal
import subprocess

import psutil


def stop(process, grace):
    """Stop a process that leads a group: as with Ctrl-C, after the grace for good.

    Args:
        process: the Popen, started with ``start_new_session``; it may have ended already.
        grace: seconds that it may take to end.
    """
    if process.poll() is not None:
        return
    family = _family(process)
    os.killpg(process.pid, signal.SIGINT)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    finally:
        _kill(process, family | _family(process))


def _family(process):
    """Return all that a process started: notebooks' kernels lead groups of their own."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return set(psutil.Process(process.pid).children(recursive=True))
    return set()


def _kill(process, family):
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
        os.killpg(process.pid, signal.SIGKILL)
    for started in family:
        with contextlib.suppress(psutil.Error):
            started.kill()
    process.wait()
