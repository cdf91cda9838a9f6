"""Which network is meant: a shipped one by its name, or one that a run trained by its file."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_utils import labels, runs, weights
from fer_utils.errors import FerError

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Source:
    """A network before it is loaded: reading this much needs no TensorFlow.

    Args:
        name: what it is called: the shipped one's name, else that of the file's folder.
        network: the registered name it was built by; None where no one tells.
        classes: tuple of class names; None where no one tells.
        temperature: float, what its logits are divided by before a probability is believed; 1
            where it was never measured.
        scores: dict of what it reached, may be empty.
        sha256: str, of the file.
        path: Path of the file: a shipped ``.npz`` or a ``.keras``.
    """

    name: str
    network: str | None
    classes: tuple[str, ...] | None
    temperature: float
    scores: dict[str, Any]
    sha256: str
    path: Path

    @property
    def shipped(self) -> bool:
        """Whether it comes with the package."""
        return self.path.suffix == ".npz"

    def load(self) -> keras.Model:
        """Return the ``keras.Model``."""
        from fer_utils import backend, models

        backend.start()
        if self.shipped:
            return weights.load_pretrained(self.name, self.path.parent)
        return models.load(self.path, self.classes)


def resolve(network: str | Path) -> Source:
    """Return the Source that a name or a path means.

    Args:
        network: one of ``weights.list_pretrained()``, or the path of a ``.keras`` file; where it
            lies in a run folder its classes and scores are read there.

    Raises:
        FerError: neither a shipped network nor a file.
    """
    if str(network) in weights.list_pretrained():
        return _shipped(str(network))
    path = Path(network)
    if path.suffix != ".keras":
        there = ", ".join(weights.list_pretrained())
        raise FerError(f"no network {str(network)!r}: give {there}, or the path of a .keras file")
    if not path.is_file():
        raise FerError(f"{path} is missing: give the path of a .keras file that is there")
    return _trained(path)


def _shipped(name):
    told = weights.about(name)
    measured = told.get("calibration") or {}
    helps = measured and measured["error_after"] < measured["error"]
    temperature = measured["temperature"] if helps else 1.0
    scores = {key: value for key, value in told.get("scores", {}).items() if key != "classes"}
    path = Path(weights._HERE, f"{name}.npz")
    return Source(
        name, told["network"], tuple(told["classes"]), temperature, scores, _sha256(path), path
    )


def _trained(path):
    run = runs.read_run(path.parent) or {}
    metrics = runs.read_json(path.with_name("metrics.json")) or {}
    identity = run.get("identity", {})
    classes = identity.get("classes")
    # Numbers alone: what a run notes beside them (device, times) is none of a page's business.
    scores = {key: metrics[key] for key in ("n", "accuracy", "standard_error") if key in metrics}
    return Source(
        path.parent.name if path.stem == "model" else path.stem,
        identity.get("model"),
        tuple(classes) if classes else None,
        1.0,
        scores,
        _sha256(path),
        path,
    )


def _sha256(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FerError(f"{path} cannot be read ({error.strerror}): check the path") from error


def classes_of(source: Source, count: int) -> tuple[str, ...]:
    """Return a source's class names; where nobody tells, FER2013's if their number fits.

    Raises:
        FerError: unknown names.
    """
    if source.classes:
        return source.classes
    if count == len(labels.FER2013):
        return labels.FER2013
    raise FerError(
        f"{source.path} tells {count} classes apart, but not which: keep run.json beside it"
    )
