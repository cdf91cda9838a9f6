"""The kernel that executes notebooks: this interpreter, whatever kernels are installed."""

import os

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from traitlets import default

from fer_utils import paths
from fer_utils.pipeline import fingerprints

ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONHASHSEED": "0",
    # Agg, as servers often set it, would leave the notebooks without figures.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
# Else the kernel writes its own warnings, and its complaints at Ctrl-C, into the display.
QUIET = ["--log-level=CRITICAL"]


class ThisInterpreter(KernelSpecManager):
    """Knows one kernel, ``sys.executable``; a kernel.json in the user's home cannot stand in."""

    def get_kernel_spec(self, kernel_name):
        """Return the specification of this interpreter's kernel, under any name."""
        return KernelSpec(resource_dir=str(RESOURCES), **get_kernel_dict(QUIET))


def environment():
    """Return the environment of a kernel: ours, with all that its folder might change settled.

    It imports the ``fer_utils`` that runs, uses the same cache and the same Keras.
    """
    packages = [str(paths.PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    places = {"FER_UTILS_CACHE": paths.cache_dir()}
    for name in ("FER_UTILS_DATA", "KERAS_HOME"):
        if os.environ.get(name):
            places[name] = paths.resolved(os.environ[name])
    return {
        **os.environ,
        **ENVIRONMENT,
        **{name: str(path) for name, path in places.items()},
        "PYTHONPATH": os.pathsep.join(packages),
        "KERAS_BACKEND": fingerprints.backend(),
    }


def manager_class(lock, scratch):
    """Return a kernel manager class for nbclient.

    Args:
        lock: file descriptor for the kernel to inherit, see ``lock.held``; None for none.
        scratch: folder of its temporary files: a kernel is killed in the end, and what TensorFlow
            would remove as its process ends stays.
    """
    env = environment() | {"TMPDIR": str(scratch)}

    class Manager(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _kernel_spec_manager_default(self):
            return ThisInterpreter(parent=self)

        # Its own type does not say that it is awaited.
        async def start_kernel(self, **options):  # type: ignore[override]
            if lock is not None:
                options["pass_fds"] = (lock,)
            await super().start_kernel(env=env, **options)

    return Manager
