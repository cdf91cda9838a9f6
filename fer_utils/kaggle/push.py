"""Sends the suite to Kaggle: a data set with the package, a kernel that runs it."""

import dataclasses
import json
import time

from fer_utils import kaggle, paths, runs
from fer_utils.datasets import connection
from fer_utils.errors import FerError
from fer_utils.kaggle import bundle, status

LIMIT = 11.5 * 3600  # seconds of budget; Kaggle ends a kernel after 12 hours
SPARE = 900  # seconds between the end of the budget and of the session that is asked for
_LOOK, _PATIENCE = 5, 900  # seconds: how often, and how long, a data set is waited for
OWNER = "OWNER"  # in a dry run that does not know the user


@dataclasses.dataclass(frozen=True)
class Order:
    """What a kernel is to do.

    Args:
        budget: seconds that the suite may take.
        only: these notebooks and what they need; empty for all.
        profile: as for ``settings.resolve``.
        seed: as for ``settings.resolve``.
        fresh: do not continue from the kernel's last output.
    """

    budget: float
    only: tuple = ()
    profile: str = "auto"
    seed: int = 0
    fresh: bool = False

    def check(self):
        """Raise FerError where it cannot be met."""
        from fer_utils import settings
        from fer_utils.pipeline import suite

        if self.budget > LIMIT:
            raise FerError(
                f"--budget is above {LIMIT / 3600:g} h: Kaggle ends a kernel after 12 h, and what "
                "it made is lost then; the next push continues"
            )
        if self.profile != "auto" and self.profile not in settings.PROFILES:
            raise FerError(
                f"no profile {self.profile!r}: there are auto, {', '.join(settings.PROFILES)}"
            )
        for name in self.only:
            suite.named(suite.SUITE, name)


def prepare(order, folder, owner=OWNER, libraries=tuple(bundle.LIBRARIES), say=print):
    """Write all that would be sent into ``folder/dataset`` and ``folder/kernel``.

    Args:
        order: the Order.
        folder: made if absent.
        owner: the user's name at Kaggle.
        libraries: see ``bundle.build``.
        say: takes lines of text.

    Returns:
        str, the hash of the data set.
    """
    made = bundle.build(folder / "dataset", libraries, say)
    names = {"OWNER": owner, "DATASET": kaggle.DATASET, "KERNEL": kaggle.KERNEL}
    names["COMPETITION"] = paths.COMPETITION
    for kind in ("dataset", "kernel"):
        text = (bundle.FILES / f"{kind}-metadata.json").read_text(encoding="utf-8")
        for name, value in names.items():
            text = text.replace(name, value)
        runs.write_text(folder / kind / f"{kind}-metadata.json", text)
    chosen = {
        "bundle": made,
        "kernel": f"{owner}/{kaggle.KERNEL}",
        "budget": order.budget,
        "only": list(order.only),
        "data": "auto",
        "profile": order.profile,
        "seed": order.seed,
    }
    runs.write_text(folder / "kernel" / "driver.py", script(chosen))
    return made


def script(chosen):
    """Return the kernel's script with its settings filled in."""
    text = (bundle.FILES / "driver.py").read_text(encoding="utf-8")
    before, after = text.split("SETTINGS = {}\n")
    return f"{before}SETTINGS = {chosen!r}\n{after}"


def push(client, order, folder, libraries=tuple(bundle.LIBRARIES), say=print):
    """Upload the data set where it changed, then start the kernel.

    Interrupted anywhere, the same call finishes: an upload that is ready at Kaggle is not
    repeated, and a kernel that runs is not started twice.

    Args:
        client: the Client.
        order: the Order.
        folder: of what is sent, and of the note of what came through.
        libraries: see ``bundle.build``.
        say: takes lines of text.

    Returns:
        str, the kernel's address.

    Raises:
        FerError: a kernel runs already; or Kaggle refuses, and why.
    """
    order.check()
    name = f"{client.user}/{kaggle.KERNEL}"
    before = status.of(client, name)
    if before and before.running:
        raise FerError(
            f"{name} is {before.state} already: wait for its end (kaggle status), fetch what it "
            "made (kaggle pull), then push again"
        )
    made = prepare(order, folder, client.user, libraries, say)
    _send_dataset(client, folder, made, say)
    if before and not order.fresh:
        _continue(folder / "kernel" / "kernel-metadata.json", name)
    return _send_kernel(client, folder / "kernel", order, say)


def _send_dataset(client, folder, made, say):
    dataset = f"{client.user}/{kaggle.DATASET}"
    note, there = folder / "sent.json", _dataset_state(client, dataset)
    version = there and there["current_version_number"]
    noted = {"dataset": dataset, "bundle": made, "version": version}
    if there and runs.read_json(note) == noted:
        say(f"data set {dataset}: there already")
    else:
        noted["version"] = (version or 0) + 1
        size = sum(path.stat().st_size for path in (folder / "dataset").iterdir())
        say(f"data set {dataset}: sending {size / 1e6:.1f} MB")
        what, order = f"the data set {dataset}", str(folder / "dataset")
        if there:
            answer = client.tell(what, client.api.dataset_create_version, order, made, quiet=True)
        else:
            answer = client.tell(what, client.api.dataset_create_new, order, quiet=True)
        if answer.error:
            raise FerError(f"{what}: Kaggle refuses it: {client.clean(answer.error)}")
    _await_dataset(client, dataset, noted["version"] or 0)
    runs.write_json(note, noted)  # not before: Kaggle may fail to process what was sent


def _dataset_state(client, dataset):
    """Return a data set's status and version, None where there is none of ours."""
    answer = client.peek(f"the data set {dataset}", client.api.dataset_status, dataset, "json")
    return None if answer in (403, 404) else json.loads(answer)


def _await_dataset(client, dataset, version):
    # A kernel that starts before gets the version before.
    end = time.monotonic() + _PATIENCE
    while True:
        state = _dataset_state(client, dataset) or {"status": "hidden"}
        word = state["status"]
        if word == "ready" and (state["current_version_number"] or 0) >= version:
            return
        if word in ("failed", "deleted"):
            raise FerError(f"the data set {dataset}: Kaggle says {word}: push again")
        if time.monotonic() > end:
            raise FerError(
                f"the data set {dataset} is still being prepared ({word}): run the same command "
                "again in some minutes"
            )
        time.sleep(_LOOK)


def _continue(path, name):
    """Attach the kernel's last output to itself."""
    metadata = json.loads(path.read_text(encoding="utf-8"))
    runs.write_json(path, metadata | {"kernel_sources": [name]})


def _send_kernel(client, folder, order, say):
    what, limit = "the kernel", str(int(order.budget + SPARE))
    answer = client.tell(what, client.api.kernels_push, str(folder), timeout=limit)
    if answer.error:
        raise FerError(f"{what}: Kaggle refuses it: {client.clean(answer.error)}")
    if answer.invalid_competition_sources:
        raise FerError(
            "the kernel started without the competition's data: accept the rules at "
            f"{connection.RULES}, stop the kernel on its page {answer.url}, then push again"
        )
    if answer.invalid_dataset_sources:
        raise FerError(
            f"the kernel started without the data set {kaggle.DATASET}: stop it on its page "
            f"{answer.url}, then push again"
        )
    if answer.invalid_kernel_sources:
        say("note: Kaggle did not attach the kernel's last output, so the suite begins anew")
    say(f"kernel version {answer.version_number} started: {answer.url}")
    return answer.url


def describe(folder, say):
    """Print what a push would send, from what ``prepare`` wrote: the files, what they are told."""
    files = [path for path in sorted((folder / "dataset").iterdir())
             if path.name != "dataset-metadata.json"]  # fmt: skip
    for path in files:
        say(f"data set  {path.stat().st_size:>9,}  {path.name}")
    total = sum(path.stat().st_size for path in files)
    say(f"data set  {total:>9,}  bytes in all, {total / 1e6:.1f} MB")
    for path in ("dataset/dataset-metadata.json", "kernel/kernel-metadata.json"):
        say(f"\n{path}")
        say((folder / path).read_text(encoding="utf-8").rstrip())
    driver = folder / "kernel" / "driver.py"
    lines = driver.read_text(encoding="utf-8").splitlines()
    say(f"\nkernel/driver.py, {len(lines)} lines, with")
    say(next(line for line in lines if line.startswith("SETTINGS = ")))
