"""How a picture is taken: pose, framing, lamp, background, camera, and what is in the way."""

import dataclasses
from types import SimpleNamespace

import numpy as np

from fer_utils.datasets.synthetic.pose import Pose

OCCLUDERS = ("none", "glasses", "sunglasses", "hand", "hair")
_WEARS_GLASSES = 0.16  # share of persons who do, in most of their pictures


@dataclasses.dataclass(frozen=True)
class Scene:
    """Everything about ``n`` pictures but the person and the expression; arrays ``(n,)``.

    Args:
        pose: Pose.
        light: namespace of ``direction (n, 3)``, ``key`` and ``ambient``.
        occluder: int, index in ``OCCLUDERS``.
        side: int, -1 or 1, the side the hand or hair comes from.
        reach: float 0-1, how far it comes.
        camera: namespace of ``blur`` (in image sides), ``contrast``, ``brightness``, ``noise``.
        background: namespace of ``which``, ``x``, ``y``, ``tone`` and ``shirt``.
    """

    pose: Pose
    light: SimpleNamespace
    occluder: np.ndarray
    side: np.ndarray
    reach: np.ndarray
    camera: SimpleNamespace
    background: SimpleNamespace

    def brightness(self):
        """Return about how much light falls on the middle of each face, 1 for skin as it is."""
        return self.light.ambient + 0.8 * self.light.key * self.light.direction[:, 2]


def draw_scene(draws, person, aspect):
    """Return a Scene for persons.

    Args:
        draws: Draws of ``n`` faces.
        person: namespace from ``draw_persons``.
        aspect: the picture's height and width in image sides (its shorter side is 1).
    """
    degrees = np.stack([draws.normal(11), draws.normal(6), draws.normal(6)], 1)
    pose = Pose(degrees, *_framing(draws, person, aspect))
    light, (occluder, side, reach) = _lamp(draws), _occluder(draws, person)
    return Scene(pose, light, occluder, side, reach, _camera(draws), _behind(draws))


def _framing(draws, person, aspect):
    half = draws.uniform(0.355, 0.425)
    scale = np.stack([half * person.width, half * person.height], 1)
    x = draws.normal(0.02, 0.5 * aspect[1])
    y = draws.normal(0.02, 0.5 * aspect[0] - 0.085)
    return np.stack([x, y], 1), scale


def _lamp(draws):
    azimuth, height = draws.normal(0.55), draws.uniform(0.1, 0.9)
    direction = np.stack(
        [np.sin(azimuth) * np.cos(height), -np.sin(height), np.cos(azimuth) * np.cos(height)], 1
    )
    ambient = draws.uniform(0.35, 0.7)
    return SimpleNamespace(
        direction=direction, ambient=ambient, key=1.12 - ambient + draws.uniform(-0.1, 0.12)
    )


def _occluder(draws, person):
    kind = np.zeros(len(draws), int)
    kind[(person.glasses < _WEARS_GLASSES) & draws.chance(0.85)] = 1
    other = draws.uniform()
    kind[other < 0.045] = 4
    kind[other < 0.03] = 3
    kind[other < 0.012] = 2
    return kind, np.where(draws.chance(0.5), -1, 1), draws.uniform()


def _camera(draws):
    return SimpleNamespace(
        blur=0.014 * draws.uniform() ** 3,
        contrast=draws.uniform(0.85, 1.35),
        brightness=draws.normal(14),
        noise=0.07 * draws.uniform() ** 2.5 + 0.01,
        speck=draws.uniform(),
    )


def _behind(draws):
    return SimpleNamespace(
        which=draws.uniform(), x=draws.uniform(), y=draws.uniform(),
        tone=draws.uniform(20, 225), relief=draws.uniform(0.0, 0.45), shirt=draws.uniform(15, 220),
    )  # fmt: skip
