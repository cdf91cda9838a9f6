"""What run folders hold: their fits, and which of them differ in what."""

import dataclasses
import json
import math
from pathlib import Path

from fer_utils import runs

_VERSIONS = tuple(f"v{number}" for number in range(1, 9))


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One network that was fitted.

    Args:
        key: its folder under the run folder.
        metrics: dict, its ``metrics.json``.
        identity: dict, what decided the fit: recipe, data, seed and so on.
        folder: Path.
    """

    key: str
    metrics: dict
    identity: dict
    folder: Path

    @property
    def finished(self):
        """When it ended, ISO 8601, as text; empty where it is not told."""
        return (runs.read_run(self.folder) or {}).get("finished", "")

    def history(self):
        """Return its learning curve as a DataFrame, None where it has none worth a figure."""
        import pandas as pd

        path = self.folder / "history.csv"
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError):  # a feature classifier has none; one may be half copied
            return None
        drawn = {"epoch", "accuracy", "val_accuracy"} <= set(table)
        return table if drawn and len(table) > 1 else None


def run_folders(place):
    """Return the run folders below a folder, those that hold a fit, the newest first.

    Args:
        place: Path, for example ``runs``; it need not exist.

    Returns:
        dict of Path to list of Experiment, see ``experiments``.
    """
    found = {path: experiments(path) for path in _folders(place)}
    found = {path: fits for path, fits in found.items() if fits}
    newest = {path: max(fit.finished for fit in fits) for path, fits in found.items()}
    return dict(sorted(found.items(), key=lambda item: newest[item[0]], reverse=True))


def without_fits(place):
    """Return how many folders below a folder hold no finished fit, hidden ones aside."""
    return sum(not experiments(path) for path in _folders(place))


def _folders(place):
    return [p for p in sorted(Path(place).glob("*")) if p.is_dir() and p.name[0] != "."]


def experiments(run_dir):
    """Return the finished fits of a run folder, the versions first; damaged ones are left out."""
    found = []
    for path in sorted(run_dir.glob("*/metrics.json")):
        metrics, run = runs.read_json(path), runs.read_run(path.parent)
        if metrics is not None and run is not None and run["identity"]:
            found.append(Experiment(path.parent.name, metrics, run["identity"], path.parent))
    return sorted(found, key=lambda fit: fit.key not in _VERSIONS)


def ablations(fits):
    """Return what was changed of a fit, and what became of its accuracy.

    Fits are comparable that have the network, the data and the images scored in common. The
    first of them is the base: a version (v1 to v8) where one is among them.

    Args:
        fits: list of Experiment of one run folder.

    Returns:
        list of groups, each a list of dicts, the base first: ``key``, ``changed`` (what differs
        from the base, empty for itself), ``accuracy``, ``error`` (standard error), ``gained``
        (over the base) and ``gained_error`` (as if the images were others: too large where the
        same ones were asked).
    """
    groups = {}
    for fit in fits:
        if "recipe" in fit.identity and "accuracy" in fit.metrics:
            groups.setdefault(_comparable(fit), []).append(fit)
    return [_beside_base(group) for group in groups.values() if len(group) > 1]


def _comparable(fit):
    told = [fit.identity.get(name) for name in ("model", "data", "classes", "dataset")]
    return json.dumps([*told, fit.metrics.get("n"), fit.metrics.get("scored_on")])


def _beside_base(group):
    base = next((fit for fit in group if fit.key in _VERSIONS), group[0])
    rest = [fit for fit in group if fit is not base]
    return [_row(fit, base) for fit in (base, *rest)]


def _row(fit, base):
    score, error = fit.metrics["accuracy"], fit.metrics.get("standard_error", math.nan)
    at_base = base.metrics["accuracy"], base.metrics.get("standard_error", math.nan)
    return {
        "key": fit.key,
        "changed": changed(base.identity, fit.identity),
        "accuracy": score,
        "error": error,
        "gained": score - at_base[0],
        "gained_error": math.hypot(error, at_base[1]),
    }


def changed(before, after):
    """Return in what two identities differ: ``["epochs: 4 -> 15"]``; a list of texts.

    Args:
        before: dict, the identity of a fit.
        after: dict, that of another.
    """
    old, new = _flat(before), _flat(after)
    names = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    return [f"{name}: {_shown(old.get(name))} -> {_shown(new.get(name))}" for name in names]


def _flat(identity):
    """Return what a person may have changed; digests of weights say no more than that they do."""
    told = {k: v for k, v in identity.items() if k not in ("recipe", "model", "data", "classes")}
    return {**told, **identity.get("recipe", {})}


def _shown(value):
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
