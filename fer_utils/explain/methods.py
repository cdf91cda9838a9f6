"""Maps of what speaks for a class: gradients, their relatives, occlusion, regions.

Integrated gradients, SmoothGrad and XRAI are PAIR's own, https://github.com/PAIR-code/saliency;
of its other two, Grad-CAM takes no more than one image and occlusion asks once a place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_utils.errors import FerError
from fer_utils.explain.asking import Network
from fer_utils.explain.grad_cam import grad_cam
from fer_utils.explain.occlusion import occlusion
from fer_utils.explain.regions import grown

if TYPE_CHECKING:
    import keras

STEPS = 32  # of integrated gradients: a batch
_SAMPLES = 16  # of SmoothGrad
_SCALES = (50, 100, 150, 250, 500, 1200)  # XRAI's, for pictures of 224 pixels
_LEAST_NEW = 50  # pixels that a region must add to those before it, of such a picture
_XRAI_SIDE = 224


def explain(
    network: Network | keras.Model,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    methods: Sequence[str] | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Return a map for each image by each method: how much each pixel speaks for a class.

    Args:
        network: a Network, or a ``keras.Model`` of images 0-255.
        images: ``(n, height, width)`` or with channels, 0-255, of the model's own size.
        labels: int ``(n,)``, the class to explain of each image; None for the one that the model
            thinks most probable.
        methods: names in ``METHODS``; None for all.
        seed: int, of SmoothGrad's noise.

    Returns:
        dict of name to float32 ``(n, height, width)``. Of ``occlusion``, ``integrated gradients``
        and ``XRAI`` what is negative speaks against the class; the other maps are never negative.

    Raises:
        FerError: an unknown method; a model that takes no images; NaN, images of another shape,
            or divided by 255; a class that the model does not know; Grad-CAM of a model that has
            no convolution, or but one place left behind its last.

    Example:
        >>> maps = explain(model, faces.images[:2], methods=["Grad-CAM", "XRAI"])
        >>> maps["XRAI"].shape
        (2, 48, 48)
    """
    network = network if isinstance(network, Network) else Network(network)
    names = list(METHODS) if methods is None else list(methods)
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise FerError(f"there is no method {unknown[0]!r}: take of {', '.join(METHODS)}")
    shown = network.images(images)
    labels = network.labels(labels, shown)
    return {name: METHODS[name](network, shown, labels, seed).astype("float32") for name in names}


def _gradient(network, shown, labels, seed):
    """Simonyan et al. 2013, https://arxiv.org/abs/1312.6034: the largest of the channels."""
    return np.abs(network.slope(shown, labels)).max(axis=-1)


def _smooth_grad(network, shown, labels, seed):
    """Smilkov et al. 2017, https://arxiv.org/abs/1706.03825: the mean slope under noise."""
    import saliency.core as saliency

    with _numpy_seeded(seed):
        means = _of_each(
            saliency.GradientSaliency().GetSmoothedMask,
            network,
            shown,
            labels,
            nsamples=_SAMPLES,
            magnitude=False,
        )
    return np.abs(means).max(axis=-1)


def _integrated_gradients(network, shown, labels, seed):
    """Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365, from black.

    A map sums to what the model says of the image less what it says of a black one.
    """
    import saliency.core as saliency

    method = saliency.IntegratedGradients().GetMask
    options = {"x_steps": STEPS, "batch_size": STEPS}
    return _of_each(method, network, shown, labels, **options).sum(axis=-1)


def _xrai(network, shown, labels, seed):
    """Kapishnikov et al. 2019, https://arxiv.org/abs/1906.02825, with segments of these sizes."""
    import saliency.core as saliency

    parameters = saliency.XRAIParameters(steps=STEPS)
    least = max(1, round(_LEAST_NEW * _part(shown[0])))
    parameters.experimental_params["min_pixel_diff"] = least
    options, maps = {"batch_size": STEPS, "extra_parameters": parameters}, []
    xrai = saliency.XRAI()
    xrai._xrai = grown  # the same maps, sooner
    for i, image in enumerate(shown):
        segments = _segments(image)
        one = shown[i : i + 1], labels[i : i + 1]
        maps.append(_of_each(xrai.GetMask, network, *one, segments=segments, **options)[0])
    return np.stack(maps)


def _segments(image):
    """Return bool masks of regions, from small to large.

    XRAI enlarges a picture to 224 pixels, and then widens each region by 5 of its own: here the
    sizes shrink instead, and regions are widened by one pixel.
    """
    from scipy.ndimage import binary_dilation
    from skimage.morphology import disk
    from skimage.segmentation import felzenszwalb

    part = _part(image)
    low, high = image.min(), image.max()
    evened = 2 * (image - low) / max(high - low, 1) - 1
    least, masks = max(1, round(150 * part)), []
    for scale in _SCALES:
        found = felzenszwalb(evened, scale=scale * part, sigma=0.5, min_size=least)
        each = found == np.arange(found.max() + 1)[:, None, None]
        masks += list(binary_dilation(each, disk(1)[None]))
    return masks


def _part(image):
    """Return the size of an image, as a part of the pictures that XRAI's numbers are for."""
    return (min(image.shape[:2]) / _XRAI_SIDE) ** 2


def _of_each(method, network, shown, labels, **options):
    """Return what one of PAIR's methods, which take one image, gives for each."""
    from saliency.core import INPUT_OUTPUT_GRADIENTS

    def call(images, call_model_args, expected_keys):
        classes = np.repeat(call_model_args["label"], len(images))
        return {INPUT_OUTPUT_GRADIENTS: network.slope(images, classes)}

    pairs = zip(shown, labels, strict=True)
    return np.stack([method(image, call, {"label": label}, **options) for image, label in pairs])


@contextlib.contextmanager
def _numpy_seeded(seed):
    # SmoothGrad draws from NumPy's one global generator: seeded here, left as it was found.
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


METHODS = {
    "gradient": _gradient,
    "SmoothGrad": _smooth_grad,
    "integrated gradients": _integrated_gradients,
    "Grad-CAM": grad_cam,
    "occlusion": occlusion,
    "XRAI": _xrai,
}
