"""Out of memory: what to do, in place of a backend's pages of allocations."""

import contextlib

from fer_utils.errors import FerError


@contextlib.contextmanager
def out_of_memory_said(batch=None):
    """Turn a backend's error on allocating into one that says which batch size to try.

    Args:
        batch: int, images a step, as the block uses; None where it takes no steps.

    Raises:
        FerError: the block ran out of memory. Other errors pass unchanged.
    """
    try:
        yield
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        where = "as the network was built" if batch is None else f"at {batch} images a step"
        halved = f"try a batch of {batch // 2}" if batch and batch > 1 else None
        remedy = halved or "let the network see fewer pixels"
        raise FerError(f"out of memory {where}: {remedy}") from error


def _is_out_of_memory(error):
    # By name and text: TensorFlow's class is not imported where jax is the backend, and
    # jax has one class for every error of the device.
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    said = str(error).upper().replace("_", " ")
    return "RESOURCE EXHAUSTED" in said or "OUT OF MEMORY" in said
