"""Runs notebooks on many machines, by Ray, an optional extra; ``pipeline.trials`` runs a search.

All machines have this clone, the same packages and the run folder under the same paths, on a
shared drive. What runs, is skipped, or waits for what, is as locally; Ray says where, and runs
again what a lost machine leaves.
"""

import contextlib
import os
import socket
import time

from fer_utils.errors import FerError
from fer_utils.pipeline import display as displays
from fer_utils.pipeline import kernel, lock, planning, runner

# What one notebook or trial is given of a machine, by profile.
NEEDS = {"smoke": {"CPU": 1}, "cpu": {"CPU": 2}, "gpu": {"CPU": 4, "GPU": 1}}
RETRIES = 3  # of a notebook or trial whose machine or process is lost
ORPHAN_SECONDS = 600  # how long a lost machine's notebook may take to end
PATIENCE = 3  # seconds in which an address has to answer
# gRPC's greeting.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_KEPT = ("KERAS_BACKEND", "PYTHONPATH", "FER_UTILS_CACHE", "FER_UTILS_DATA", "KERAS_HOME")


@contextlib.contextmanager
def engine(address=None, profile="smoke"):
    """Connect to Ray; give what ``runner.run`` takes as its ``engine``.

    Args:
        address: ``host:port`` of a running cluster; None to start Ray on this machine.
        profile: name of a profile, which says what each notebook asks for, see ``NEEDS``.

    Raises:
        FerError: Ray is not installed; the address does not answer; no machine of the cluster
            has what a notebook asks for.
    """
    with connected(address, profile) as ray:

        def run(steps, manifests, display, descriptor):
            return _run(steps, manifests, display, ray, task_of(ray, _execute, profile))

        yield run


@contextlib.contextmanager
def connected(address, profile):
    """Connect to Ray; give the module. See ``engine``."""
    try:
        import ray
    except ImportError as error:
        raise FerError("Ray is not installed: pip install 'fer-utils[ray]' or 'ray'") from error
    if address is not None:
        _check_answers(address)
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR")
    except (Exception, SystemExit) as error:  # one for each of Ray's parts
        said = next(iter(str(error).strip().splitlines()), "no reason given")
        raise FerError(f"Ray at {address or 'this machine'} does not start: {said}") from error
    try:
        _check_has(ray, profile)
        yield ray
    finally:
        ray.shutdown()  # what still runs is ended


def _check_answers(address):
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise FerError(f"{address!r} is no address of Ray: write HOST:PORT, such as 10.0.0.1:6379")
    try:
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall(_HELLO)
            connection.recv(1)  # Ray itself would wait two minutes for a place that is silent
    except (OSError, OverflowError) as error:
        raise FerError(
            f"no Ray answers at {address} ({error}): start one (ray start --head), or correct "
            "--address"
        ) from error


def _check_has(ray, profile):
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(k, 0) >= n for k, n in NEEDS[profile].items()) for node in nodes):
        asked = " and ".join(f"{n} {what}" for what, n in NEEDS[profile].items())
        raise FerError(
            f"no machine of this Ray has {asked} for a notebook of profile {profile}: add one, "
            "or choose another --profile"
        )


def task_of(ray, function, profile):
    """Return a function as a task of Ray, which runs it again where its machine is lost."""
    cpus, gpus = (NEEDS[profile].get(what, 0) for what in ("CPU", "GPU"))
    return ray.remote(max_retries=RETRIES, num_cpus=cpus, num_gpus=gpus)(function)


def _run(steps, manifests, display, ray, task):
    """Run the steps, as many at once as there is room for; see ``runner._in_turn``."""
    waiting, running, failures = list(steps), {}, {}
    while waiting or running:
        for step in planning.ready(waiting, running.values()):
            waiting.remove(step)
            if not runner.settled(step, failures, display):
                running[_started(step, manifests, display, task)] = step
        done, _ = ray.wait(list(running)) if running else ((), ())
        for reference in done:
            name = running.pop(reference).notebook.name
            failure, seconds = _ended(ray, reference)
            runner.conclude(name, failure, seconds, manifests, display)
            if failure:
                failures[name] = failure
    return failures


def _started(step, manifests, display, task):
    runner.begin(step, manifests, display)
    given = {key: value for key, value in kernel.environment().items() if key in _KEPT}
    parameters = runner.parameters(manifests.settings)
    return task.remote(step.notebook.name, manifests.folder, manifests.executed, parameters, given)


def _ended(ray, reference):
    """Return the NotebookFailed or None, and the seconds that a notebook took."""
    from fer_utils.pipeline.execute import NotebookFailed

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # a full disk, for example: it stops the run, as locally
    except ray.exceptions.RayError as error:
        said = f"lost {RETRIES + 1} times with its process: {str(error).strip().splitlines()[0]}"
        return NotebookFailed(None, "", said, None), 0


def _execute(name, folder, executed, parameters, environment):
    """Execute a notebook, on whatever machine; return its NotebookFailed or None, and seconds."""
    from fer_utils.pipeline import execute

    os.environ.update(environment)
    began, failure, notebook = time.monotonic(), None, f"{name}.ipynb"
    try:
        # The kernel of a try that was lost may still write: this waits until it has ended.
        with lock.held(executed.parent / ".ray" / name, patience=ORPHAN_SECONDS) as descriptor:
            given = parameters, displays.Silent(), descriptor
            execute.execute(folder / notebook, executed / notebook, *given)
    except execute.NotebookFailed as error:
        failure = error
    except lock.InUse as error:
        failure = execute.NotebookFailed(None, "", str(error), None)
    return failure, time.monotonic() - began
