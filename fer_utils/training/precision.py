"""What activations are computed in. Backends are named outright here: Keras does not know."""

import contextlib
import platform
from pathlib import Path

from fer_utils.backend import device
from fer_utils.errors import FerError


def precision_for_device() -> str:
    """Return the precision that suits the device: what a recipe's ``auto`` stands for.

    ``mixed_bfloat16`` on TPUs, on GPUs of compute capability 8 and above (Ampere), and for
    TensorFlow on CPUs with instructions for it; ``mixed_float16`` on older GPUs; else
    ``float32``: jax on a CPU, and a CPU without such instructions, would be slower, not faster.
    """
    import keras

    kinds = {name.split(":")[0] for name in keras.distribution.list_devices()}
    if "tpu" in kinds:
        return "mixed_bfloat16"
    if "gpu" in kinds:
        return "mixed_bfloat16" if _compute_capability() >= 8 else "mixed_float16"
    fast = keras.backend.backend() == "tensorflow" and _cpu_knows_bfloat16()
    return "mixed_bfloat16" if fast else "float32"


def _compute_capability():
    """Return the first GPU's compute capability, for example 7.5; 0 where it has none."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[0]
        major, minor = tf.config.experimental.get_device_details(gpu).get(
            "compute_capability", (0, 0)
        )
        return major + minor / 10
    import jax

    return float(getattr(jax.devices()[0], "compute_capability", 0))


def _cpu_knows_bfloat16():
    # A VGG's step at 48x48 takes two thirds of float32's CPU time with these instructions, and
    # 2.4 times as long without (TensorFlow 2.21; oneDNN told to use AVX-512 without them).
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return False
    return platform.machine() == "x86_64" and ("avx512_bf16" in flags or "amx_bf16" in flags)


@contextlib.contextmanager
def under_precision(policy):
    """Build layers under a dtype policy, then go back to the one before.

    Raises:
        FerError: no such policy.
    """
    import keras

    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(policy)
    except ValueError as error:
        raise FerError(
            f"no precision {policy!r}: there are float32, mixed_bfloat16, mixed_float16 and auto"
        ) from error
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compiled_by_xla(precision):
    """Return Keras's own choice, but for bfloat16 on a CPU: XLA has slow code for it there."""
    import keras

    slow = precision == "mixed_bfloat16" and device().startswith("CPU")
    return False if slow and keras.backend.backend() == "tensorflow" else "auto"
