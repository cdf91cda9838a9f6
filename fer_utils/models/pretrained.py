"""Files of weights that others trained: their names, what they fit, where they are."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fer_utils import paths, reading
from fer_utils.errors import FerError
from fer_utils.models.loading import load
from fer_utils.models.registry import describe

if TYPE_CHECKING:
    from fer_utils.models.registry import Entry

# What is added to blue, green and red of 0-255.
_IMAGENET = (-103.939, -116.779, -123.68)
_VGGFACE = (-93.5940, -104.7624, -129.1863)
_VGGFACE2 = (-91.4953, -103.8827, -131.0912)
_KERAS = "weights_tf_dim_ordering_tf_kernels_notop.h5"


@dataclasses.dataclass(frozen=True)
class Weights:
    """One file of weights without a head.

    Args:
        file: the name under which Keras, or keras-vggface, has it.
        network: what it fits: a function of ``keras.applications``, or of ours.
        scale: of pixels 0-1, to what that network was shown.
        offset: added then; one number, or one each for blue, green and red.
    """

    file: str
    network: str
    scale: float
    offset: object


def _shown_bgr(file, network, offset):
    return Weights(file, network, 255.0, offset)


def _shown_from_minus_one(file, network):
    return Weights(file, network, 2.0, -1.0)


SETS = {
    "vgg16": {
        "imagenet": _shown_bgr(f"vgg16_{_KERAS}", "VGG16", _IMAGENET),
        "vggface": _shown_bgr("rcmalli_vggface_tf_notop_vgg16.h5", "VGG16", _VGGFACE),
    },
    "vgg19": {"imagenet": _shown_bgr(f"vgg19_{_KERAS}", "VGG19", _IMAGENET)},
    "resnet50": {
        "imagenet": _shown_bgr(f"resnet50_{_KERAS}", "ResNet50", _IMAGENET),
        "vggface": _shown_bgr("rcmalli_vggface_tf_notop_resnet50.h5", "VGGFace2", _VGGFACE2),
    },
    "senet50": {
        "vggface": _shown_bgr("rcmalli_vggface_tf_notop_senet50.h5", "SENet50", _VGGFACE2),
    },
    "mobilenet": {
        "imagenet": _shown_from_minus_one("mobilenet_1_0_224_tf_no_top.h5", "MobileNet")
    },
    "inception_v3": {"imagenet": _shown_from_minus_one(f"inception_v3_{_KERAS}", "InceptionV3")},
}


def weights_at_hand(name: str | Entry) -> str | None:
    """Return which set of weights a network can begin with here, None where no file is found.

    VGGFace's come before ImageNet's: they were trained on faces.

    Args:
        name: a registered network.
    """
    known = SETS.get(describe(name).backbone or "", {})
    faces_first = sorted(known, reverse=True)
    return next((kind for kind in faces_first if _found(known[kind].file)), None)


def located(backbone, weights):
    """Return which weights are meant, and their file.

    Args:
        backbone: a name in ``SETS``.
        weights: the name of a set, or the path of a file that has its set's name.

    Returns:
        ``(Weights, Path)``.

    Raises:
        FerError: no such set, or its file is not found: the message names it.
    """
    known = SETS[backbone]
    if weights in known:
        return _located_set(backbone, weights)
    path = paths.resolved(weights)
    if not path.suffix:
        raise FerError(
            f"no weights {str(weights)!r} for {backbone}: there are {', '.join(known)}, the path "
            "of a file of these, or for own weights the model.keras of a network trained here"
        )
    named = [entry for entry in known.values() if entry.file == path.name]
    if not named:
        files = ", ".join(entry.file for entry in known.values())
        raise FerError(
            f"{path} does not say by its name what it holds: {backbone} takes {files}, "
            "or the model.keras of a network that was trained here"
        )
    if not path.is_file():
        raise FerError(f"no weights at {path}: give another path")
    return named[0], path


def fill(network, path):
    """Read a file of weights into a network without a head.

    Raises:
        FerError: the file cannot be read, or is of another network.
    """
    try:
        network.load_weights(path)
    except ValueError as error:
        raise FerError(
            f"{path} holds the weights of another network ({reading.brief(error)})"
        ) from error
    except Exception as error:  # whatever a damaged file makes h5py and Keras raise
        raise FerError(f"{path} is damaged ({reading.brief(error)}): get it again") from error


def backbone_of(path):
    """Return the backbone in a network that was trained here, and how its pixels are scaled.

    Args:
        path: the ``model.keras`` of a run folder.

    Returns:
        ``(keras.Model, scale, offset)``.

    Raises:
        FerError: no such file, a damaged or foreign one, or a network without a backbone.
    """
    trained = load(path)
    if not {"backbone", "preprocess"} <= {layer.name for layer in trained.layers}:
        raise FerError(
            f"{path} holds {trained.name}, which has no backbone: begin with its weights through "
            "fit_or_restore's start"
        )
    scaling = trained.get_layer("preprocess")
    return trained.get_layer("backbone"), scaling.scale, scaling.offset


def _found(file):
    for folder in paths.weights_candidates():
        for path in sorted(folder.rglob(file)):
            return path
    return None


def _located_set(backbone, kind):
    entry = SETS[backbone][kind]
    path = _found(entry.file)
    if path is None:
        raise FerError(
            f"the {kind} weights of {backbone} are not at hand: put {entry.file} into "
            f"{paths.weights_candidates()[-1]}, on Kaggle add a dataset that holds it, or give "
            "the file's path"
        )
    return entry, path
