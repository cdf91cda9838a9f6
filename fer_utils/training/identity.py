"""What must be equal for a trained network to be taken instead of training."""

import dataclasses
import hashlib

from fer_utils.models import Recipe

# Names in a layer's settings: they differ from build to build.
_NAMES = ("name", "build_config", "inbound_nodes", "input_layers", "output_layers")


def identity_of(name, dataset, settings, recipe, network):
    """Return all that decides what a fit gives, but rows, targets and start."""
    return {
        "model": name,
        "data": dataset.fingerprint,
        "dataset": dataset.name,
        "classes": list(dataset.classes),
        "profile": settings.profile.name,
        "seed": settings.seed,
        "parameters": network.count_params(),
        "architecture": _architecture(network),
        "recipe": dataclasses.asdict(recipe),
    }


def differences(old, new):
    """Return ``"epochs 20 -> 12, ..."``, empty where two identities are equal.

    A recipe's field that is missing has its default: older runs did not know of it.
    """
    return _different(_filled(old), _filled(new))


def _filled(identity):
    unset = dataclasses.MISSING
    defaults = {f.name: f.default for f in dataclasses.fields(Recipe) if f.default is not unset}
    factories = {
        f.name: f.default_factory()
        for f in dataclasses.fields(Recipe)
        if f.default_factory is not unset
    }
    return identity | {"recipe": defaults | factories | identity.get("recipe", {})}


def _different(old, new, prefix=""):
    found = []
    for key in sorted({*old, *new}):
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found.append(_different(a, b, f"{prefix}{key} "))
        elif a != b:
            found.append(f"{prefix}{key} {a} -> {b}")
    return ", ".join(filter(None, found))


def _architecture(network):
    """Return 8 hex digits of the layers and their settings: they tell a changed network."""
    layers = [(type(layer).__name__, _settings(layer.get_config())) for layer in network.layers]
    return hashlib.blake2b(repr(layers).encode(), digest_size=4).hexdigest()


def _settings(config):
    """Return a layer's settings without the names, its own and those of layers inside it."""
    return {key: _inside(value) for key, value in config.items() if key not in _NAMES}


def _inside(value):
    if isinstance(value, list):
        return [_inside(item) for item in value]
    if isinstance(value, dict) and (
        value.get("module") == "keras.layers" or "build_config" in value
    ):
        return {"class_name": value["class_name"], **_settings(value["config"])}
    return value
