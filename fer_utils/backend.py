"""Starting Keras: late, because it takes seconds, and quietly."""

import contextlib
import logging
import os
import sys


def start() -> str:
    """Import Keras, start its backend, and return a line such as ``keras 3.15.1 on jax, CPU x2``.

    TensorFlow greets with lines that no Python setting silences; they go to the operating
    system's error stream, which is closed meanwhile. Errors are exceptions and still show.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr():
        import keras

        keras.ops.convert_to_numpy(keras.ops.zeros(1))
        where = device()
    # TensorFlow's advice on retracing is for loops over one network; ours are over networks.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return f"keras {keras.__version__} on {keras.backend.backend()}, {where}"


def device() -> str:
    """Return what the backend computes on, for example ``CPU x2`` or ``GPU x1``."""
    import keras

    # Asked for "gpu" outright, jax raises where there is none.
    gpus = [name for name in keras.distribution.list_devices() if name.startswith("gpu")]
    return f"GPU x{len(gpus)}" if gpus else f"CPU x{_cores()}"


def _cores():
    if hasattr(os, "sched_getaffinity"):  # not on macOS nor Windows
        return len(os.sched_getaffinity(0))  # a process may be bound to some of the cores
    return os.cpu_count()


@contextlib.contextmanager
def _silent_stderr():
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
