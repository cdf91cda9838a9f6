"""From a notebook's parameters to what it works with: data, profile, run folder, seed."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_utils import datasets, paths
from fer_utils.errors import FerError

if TYPE_CHECKING:
    from fer_utils.datasets import Dataset


@dataclasses.dataclass(frozen=True)
class Profile:
    """How much of everything a run does.

    Args:
        name: the profile's name.
        rows: rows of all splits together, at most; None for all.
        epochs: epochs a training may take at most; None for as many as the recipe says.
        side_epochs: epochs of the networks that only illustrate a point.
        side_rows: rows of all splits together that those get; None for all.
        large_epochs: epochs of the networks that a CPU trains slowly; None for as many as the
            recipe says.
        large_size: side in pixels that those see.
        heavy_rows: training rows that the heaviest of them, VGG16 and MobileNet, are fitted to;
            None for all.
    """

    name: str
    rows: int | None
    epochs: int | None
    side_epochs: int
    side_rows: int | None
    large_epochs: int | None = None
    large_size: int = 48
    heavy_rows: int | None = None


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "smoke",
            rows=3600,
            epochs=15,
            side_epochs=2,
            side_rows=800,
            large_epochs=4,
            large_size=32,
            heavy_rows=128,
        ),
        Profile("cpu", rows=None, epochs=None, side_epochs=4, side_rows=6000),
        Profile("gpu", rows=None, epochs=None, side_epochs=4, side_rows=6000),
    )
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a notebook's four parameters mean on this machine.

    Args:
        dataset: registered name, ``synthetic``, ``fer2013``, ``facial_expressions`` or ``ckplus``.
        root: where its files are; None for synthetic faces.
        profile: the Profile.
        run_dir: the run folder.
        seed: seed of everything random.
    """

    dataset: str
    root: Path | None
    profile: Profile
    run_dir: Path
    seed: int

    def load(self, size: int | tuple[int, int] | None = 48, **options: Any) -> Dataset:
        """Return the Dataset, cut to the profile's number of rows.

        Args:
            size: int, side in pixels; FER2013 has its own.
            **options: the source's own, see its module.
        """
        if self.dataset == "synthetic":
            options = {"n": self.profile.rows, "seed": self.seed} | options
            return datasets.load("synthetic", size=size, **options)
        size = None if self.dataset == "fer2013" else size
        dataset = datasets.load(self.dataset, self.root, size, **options)
        return datasets.subset(dataset, self.profile.rows, self.seed)

    @property
    def large(self) -> Settings:
        """These Settings for networks that a CPU trains slowly: a short run gives them less."""
        profile = dataclasses.replace(self.profile, epochs=self.profile.large_epochs)
        return dataclasses.replace(self, profile=profile)

    @property
    def strict(self) -> bool:
        """Whether a notebook's claims must hold: in the run whose outputs are committed.

        After a few epochs another seed, as another data set, need not bear them out.
        """
        return (self.dataset, self.profile.name, self.seed) == ("synthetic", "smoke", 0)

    @property
    def submissions_dir(self) -> Path:
        """The folder of submissions: the run's own for synthetic faces and short runs."""
        own = self.dataset == "synthetic" or self.profile.name == "smoke"
        return self.run_dir if own else paths.output_root() / "submissions"


def resolve(
    data: str | Path = "auto", profile: str = "auto", run_dir: str | Path = "auto", seed: int = 0
) -> Settings:
    """Return the Settings that a notebook's parameters stand for; empty means ``auto``.

    Args:
        data: ``auto`` (probe for FER2013, else synthetic), ``synthetic``, or the path of
            FER2013's files, of the ``facial_expressions`` photographs or of CK+'s tree.
        profile: ``auto`` (``smoke`` on synthetic faces, else ``gpu`` or ``cpu``), ``smoke``,
            ``cpu`` or ``gpu``.
        run_dir: ``auto`` (``runs/<dataset>-<profile>`` under the project) or a path.
        seed: int.

    Raises:
        FerError: there is no data at the given path, or no profile of that name; a path
            that cannot be one.
    """
    data, profile, run_dir = data or "auto", profile or "auto", run_dir or "auto"
    dataset, root = _find(data)
    if profile == "auto":
        profile = "smoke" if dataset == "synthetic" else _device()
    if profile not in PROFILES:
        raise FerError(f"no profile {profile!r}: there are auto, {', '.join(PROFILES)}")
    folder = paths.output_root() / "runs" / f"{dataset}-{profile}"
    return Settings(
        dataset=dataset,
        root=root,
        profile=PROFILES[profile],
        run_dir=folder if run_dir == "auto" else paths.resolved(run_dir),
        seed=seed,
    )


def _find(data):
    """Return the registered name and the root of what ``data`` stands for."""
    if data == "synthetic":
        return "synthetic", None
    if data == "auto":
        root = datasets.find("fer2013")
        return ("fer2013" if root else "synthetic"), root
    path = paths.resolved(data)
    try:
        return "fer2013", datasets.find("fer2013", path)
    except FerError as no_fer2013:
        for name in ("facial_expressions", "ckplus"):
            with contextlib.suppress(FerError):
                return name, datasets.find(name, path)
        raise no_fer2013 from None


def _device():
    """Return ``gpu`` where the machine shows one, else ``cpu``, without importing a backend."""
    nvidia = Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists()
    return "gpu" if nvidia else "cpu"
