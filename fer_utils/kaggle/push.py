"""Sends the suite to Kaggle: a data set with the package, a kernel that runs it."""

import dataclasses
import json

from fer_utils import kaggle, paths, runs
from fer_utils.datasets import connection
from fer_utils.errors import FerError
from fer_utils.kaggle import bundle, dataset, merging, status
from fer_utils.pipeline import lock

LIMIT = 11.5 * 3600  # seconds of budget; Kaggle ends a kernel after 12 hours
SPARE = 900  # seconds between the end of the budget and of the session that is asked for
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
        unpulled: go on though that output was not pulled, or holds no record.
    """

    budget: float
    only: tuple = ()
    profile: str = "auto"
    seed: int = 0
    fresh: bool = False
    unpulled: bool = False

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


def prepare(
    order, folder, owner=OWNER, libraries=tuple(bundle.LIBRARIES), say=print, anew="a dry run"
):
    """Write all that would be sent into ``folder/dataset`` and ``folder/kernel``.

    Args:
        order: the Order.
        folder: made if absent.
        owner: the user's name at Kaggle.
        libraries: see ``bundle.build``.
        say: takes lines of text.
        anew: why the kernel does not continue from its last output; None where it does.

    Returns:
        str, the hash of the data set.
    """
    made = bundle.build(folder / "dataset", libraries, say)
    names = {"OWNER": owner, "DATASET": kaggle.DATASET, "KERNEL": kaggle.KERNEL}
    names["COMPETITION"] = paths.COMPETITION
    kernel = f"{owner}/{kaggle.KERNEL}"
    for kind in ("dataset", "kernel"):
        text = (bundle.FILES / f"{kind}-metadata.json").read_text(encoding="utf-8")
        for name, value in names.items():
            text = text.replace(name, value)
        runs.write_text(folder / kind / f"{kind}-metadata.json", text)
    if anew is None:
        _continue(folder / "kernel" / "kernel-metadata.json", kernel)
    chosen = {
        "bundle": made,
        "kernel": kernel,
        "anew": anew,
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

    Interrupted anywhere, the same call finishes: an upload that came through is waited for, not
    repeated, unless Kaggle lost it; and a kernel that runs is not started twice.

    Args:
        client: the Client.
        order: the Order.
        folder: of what is sent, and of the note of what came through.
        libraries: see ``bundle.build``.
        say: takes lines of text.

    Returns:
        str, the kernel's address.

    Raises:
        FerError: a kernel runs already; what the last one made was not pulled; or Kaggle
            refuses, and why.
    """
    order.check()
    with lock.held(folder, ""):  # two at once would start two kernels
        anew = _why_anew(client, order, folder)
        made = prepare(order, folder, client.user, libraries, say, anew)
        dataset.send(client, folder, made, say)
        return _send_kernel(client, folder / "kernel", order, say, anew)


def _why_anew(client, order, folder):
    """Return why the kernel will not continue from its last output, None where it will."""
    name = f"{client.user}/{kaggle.KERNEL}"
    before = status.of(client, name)
    if before is None:
        return f"Kaggle showed no earlier {name}"
    if before.running:
        raise FerError(
            f"{name} is {before.state} already: wait for its end (kaggle status), fetch what it "
            "made (kaggle pull), then push again"
        )
    if not order.unpulled:
        _check_pulled(client, name, before, folder.parent)
    return "--fresh was given" if order.fresh else None


def _check_pulled(client, name, before, home):
    # Only a kernel's last output can be fetched, or continued from.
    noted, why = status.last_record(client, name)
    if noted is None:
        raise FerError(
            f"the last kernel {name} ended ({before.state}) without a record: {why}. The next "
            "would begin anew; what earlier ones made is on the kernel's page, under its older "
            "versions. To go on: push --unpulled"
        )
    missing = merging.unpulled(home, noted)
    if missing:
        raise FerError(
            f"{len(missing)} of {len(noted['files'])} files of the last kernel {name} are not "
            f"pulled, the first is {missing[0]}: fetch them with kaggle pull, then push again. To "
            "go on without: push --unpulled"
        )


def _continue(path, name):
    """Attach the kernel's last output to itself."""
    metadata = json.loads(path.read_text(encoding="utf-8"))
    runs.write_json(path, metadata | {"kernel_sources": [name]})


def _send_kernel(client, folder, order, say, anew):
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
    elif anew:
        say(f"the suite begins anew: {anew}")
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
