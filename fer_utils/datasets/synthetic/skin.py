"""Light on the skin: a relief of folds over an ellipsoid, shaded by one matrix product.

The relief is a sum of strokes (Gaussian ridges and grooves), so its slope, and with it the
light it catches, is linear in how strong each stroke is.
"""

import functools

import cv2
import numpy as np

BATCH = 128  # the most heads that are shaded at once
HEIGHT = 1.4  # of the half head, in half widths
S_LIMIT, V_LIMIT = 1.1, (-1.5, 1.6)  # the texture's extent, see texture_position
_FINE = 288  # the strokes are drawn on a grid of about this many rows

# name: (sigma, height, strokes); coordinates are half face widths from between the eyes, x
# to the right of the picture, y down. _L and _R are one side (the person's own), names in
# _MIRRORED are drawn on both.
_STROKES = {
    "brow_ridge": (0.09, 0.035, [[(0.14, -0.30), (0.45, -0.36), (0.70, -0.28)]]),
    "socket": (0.13, -0.065, [[(0.24, -0.10), (0.45, -0.06), (0.60, -0.05)]]),
    "eyeball": (0.11, 0.045, [[(0.43, 0.0)]]),
    "bridge": (0.10, 0.115, [[(0.0, -0.28), (0.0, 0.36)]]),
    "tip": (0.12, 0.10, [[(0.0, 0.42)]]),
    "wings": (0.06, 0.065, [[(0.15, 0.46)]]),
    "under_nose": (0.065, -0.06, [[(-0.12, 0.585), (0.12, 0.585)]]),
    "philtrum": (0.035, -0.02, [[(0.0, 0.61), (0.0, 0.70)]]),
    "cheekbone": (0.17, 0.06, [[(0.50, 0.26), (0.72, 0.10)]]),
    "mound": (0.24, 0.07, [[(-0.1, 0.78), (0.1, 0.78)]]),
    "chin_bone": (0.15, 0.08, [[(-0.05, 1.20), (0.05, 1.20)]]),
    "chin_groove": (0.06, -0.04, [[(-0.14, 1.01), (0.14, 1.01)]]),
    "forehead": (0.30, 0.05, [[(-0.2, -0.62), (0.2, -0.62)]]),
    "hollow": (0.17, -0.08, [[(0.62, 0.55), (0.56, 0.80)]]),
    "bags": (0.035, -0.022, [[(0.27, 0.13), (0.43, 0.20), (0.60, 0.14)]]),
    "forehead_inner": (
        0.026,
        -0.026,
        [[(-0.24, y), (0.0, y + 0.03), (0.24, y)] for y in (-0.80, -0.69, -0.58)],
    ),
    "forehead_outer": (
        0.026,
        -0.026,
        [[(0.24, y), (0.46, y - 0.04), (0.66, y + 0.03)] for y in (-0.80, -0.69, -0.58)],
    ),
    "glabella": (0.026, -0.045, [[(0.065, -0.48), (0.085, -0.24)]]),
    "nose_wrinkles": (
        0.024,
        -0.035,
        [
            [(-0.08, -0.17), (0.08, -0.17)],
            [(-0.08, -0.08), (0.08, -0.08)],
            [(0.05, 0.0), (0.17, 0.06)],
            [(0.07, 0.09), (0.20, 0.13)],
            [(-0.05, 0.0), (-0.17, 0.06)],
            [(-0.07, 0.09), (-0.20, 0.13)],
        ],
    ),
    "sneer": (0.04, -0.045, [[(0.19, 0.34), (0.27, 0.44), (0.35, 0.60)]]),
    "nasolabial_L": (0.045, -0.045, [[(0.21, 0.40), (0.38, 0.52), (0.52, 0.68), (0.56, 0.84)]]),
    "nasolabial_R": (
        0.045,
        -0.045,
        [[(-0.21, 0.40), (-0.38, 0.52), (-0.52, 0.68), (-0.56, 0.84)]],
    ),
    "apple_L": (0.15, 0.10, [[(0.44, 0.36), (0.58, 0.36)]]),
    "apple_R": (0.15, 0.10, [[(-0.44, 0.36), (-0.58, 0.36)]]),
    "crow": (
        0.02,
        -0.024,
        [
            [(0.70, -0.05), (0.86, -0.13)],
            [(0.71, 0.01), (0.88, 0.0)],
            [(0.70, 0.07), (0.85, 0.14)],
        ],
    ),
    "pouch": (0.035, 0.03, [[(0.27, 0.11), (0.43, 0.16), (0.60, 0.11)]]),
    "dimple_L": (0.06, -0.036, [[(0.54, 0.72), (0.55, 0.86)]]),
    "dimple_R": (0.06, -0.036, [[(-0.54, 0.72), (-0.55, 0.86)]]),
    "marionette": (0.05, -0.042, [[(0.44, 0.92), (0.49, 1.10)]]),
    "chin_boss": (0.09, 0.07, [[(-0.05, 1.15), (0.05, 1.15)]]),
    "lip_rim": (0.05, 0.04, [[(-0.22, 0.93), (0.22, 0.93)], [(-0.2, 0.69), (0.2, 0.69)]]),
}
_MIRRORED = {"brow_ridge", "socket", "eyeball", "wings", "cheekbone", "hollow", "bags",
             "forehead_outer", "glabella", "sneer", "crow", "pouch", "marionette"}  # fmt: skip
FOLDS = tuple(_STROKES)
PAINTS = ("beard", "moustache", "strands", "curls", "mottle_0", "mottle_1")
# What every face has, before its own variation; folds not named here are flat at rest.
_AT_REST = {"brow_ridge": 1, "socket": 1, "eyeball": 1, "bridge": 1, "tip": 1, "wings": 1,
            "under_nose": 1, "philtrum": 1, "cheekbone": 1, "mound": 1, "chin_bone": 1,
            "forehead": 1, "chin_groove": 0.6, "bags": 0.25, "nasolabial_L": 0.12,
            "nasolabial_R": 0.12}  # fmt: skip


def fold_strengths(person, effect):
    """Return how deep each fold is: float32 ``(n, len(FOLDS))``, 1 for its usual depth."""
    columns = []
    for name in FOLDS:
        depth = _AT_REST.get(name, 0.0) * person.relief.get(name, 1.0)
        depth = depth + effect.get(name, 0.0) + person.rest.get(name, 0.0)
        columns.append(np.broadcast_to(depth, person.age.shape))
    return np.stack(columns, 1).astype(np.float32)


def shade(folds, paints, light, size):
    """Return textures of the light on heads.

    Args:
        folds: float32 ``(n, len(FOLDS))``, from ``fold_strengths``.
        paints: float32 ``(n, len(PAINTS))``, what darkens or lightens the skin itself.
        light: namespace of ``direction (n, 3)`` towards the lamp, ``key (n,)`` and
            ``ambient (n,)``.
        size: int, the side of the image the texture is for.

    Returns:
        uint8 ``(n, rows, columns)``, 128 for skin as it is; rows run over ``V_LIMIT``, columns
        over ``S_LIMIT``, as ``texture_position`` says.
    """
    lit, cavity, shape = _basis(size)
    toward = light.direction.astype(np.float32)
    slopes = -toward[:, :2, None] * folds[:, None, :]
    diffuse = _times(np.concatenate([toward, slopes.reshape(len(folds), -1)], 1), lit)
    np.maximum(diffuse, 0, out=diffuse)
    diffuse += 0.5 * np.maximum(diffuse - 0.93, 0)  # a little shine
    diffuse *= light.key[:, None].astype(np.float32)
    diffuse += _times(np.concatenate([folds, paints], 1), cavity)
    diffuse += light.ambient[:, None].astype(np.float32)
    return np.clip(diffuse * 128, 0, 255).astype(np.uint8).reshape(-1, *shape)


def _times(strengths, fields):
    """Multiply with always ``BATCH`` rows, for how many there are changes how each is rounded."""
    padded = np.zeros((BATCH, strengths.shape[1]), np.float32)
    padded[: len(strengths)] = strengths
    return (padded @ fields)[: len(strengths)]


def girth(y):
    """Return the square of the head's half width and depth at a height, 1 at the chin's.

    A head does not close at crown and chin as a ball does.
    """
    return 1 - 0.72 * y * y


def texture_position(x, y, z):
    """Return the texture column and row, 0-1, of points on the unit sphere that a head is.

    The column runs with the tangent of half the longitude, so nearly all of it faces us.
    """
    s = x / (np.sqrt(x * x + z * z) + z + 1e-3)
    v = y * HEIGHT
    return (s + S_LIMIT) / (2 * S_LIMIT), (v - V_LIMIT[0]) / (V_LIMIT[1] - V_LIMIT[0])


@functools.lru_cache(maxsize=4)
def _basis(size):
    """Return the matrices of diffuse light and of cavities and paint, and the texture's shape."""
    shape = int(np.clip(size * 0.95, 32, 240)), int(np.clip(size * 0.8, 28, 200))
    x, y, z, front = _grid()
    step_x = np.gradient(x, axis=1)
    step_x = np.maximum(step_x, 0.3 * step_x.max())  # x turns back where the head does
    step_y = np.gradient(y, axis=0)
    normal = np.stack([x, y / HEIGHT**2, z])
    normal /= np.linalg.norm(normal, axis=0)
    relief = [_relief(name, x, y) * front for name in FOLDS]
    slope_x = [np.gradient(r, axis=1) / step_x for r in relief]
    slope_y = [np.gradient(r, axis=0) / step_y for r in relief]
    cavities = [1.6 * r * (r < 0) + 0.4 * r * (r > 0) for r in relief]
    lit = _reduced([*normal, *slope_x, *slope_y], shape)
    return lit, _reduced([*cavities, *_paints(x, y, front)], shape), shape


def _grid():
    """Return x, y, z of the texture's points on the head, and how much each faces forward."""
    s = np.linspace(-S_LIMIT, S_LIMIT, _FINE)[None, :]
    y = np.linspace(*V_LIMIT, _FINE)[:, None] * np.ones_like(s)
    ring = np.sqrt(girth(np.clip(y / HEIGHT, -1, 1)))
    longitude = 2 * np.arctan(s)
    x, z = ring * np.sin(longitude), ring * np.cos(longitude)
    return x, y, z, np.clip(z / 0.35, 0, 1)


def _relief(name, x, y):
    sigma, height, strokes = _STROKES[name]
    if name in _MIRRORED:
        strokes = strokes + [[(-px, py) for px, py in stroke] for stroke in strokes]
    nearest = np.min([_distance2(stroke, x, y) for stroke in strokes], axis=0)
    return height * np.exp(-nearest / (2 * sigma**2))


def _distance2(stroke, x, y):
    """Return the squared distance of each point to a line through the stroke's points."""
    ends = list(zip(stroke, stroke[1:], strict=False)) or [(stroke[0], stroke[0])]
    distances = []
    for (ax, ay), (bx, by) in ends:
        dx, dy = bx - ax, by - ay
        t = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        distances.append((x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2)
    return np.min(distances, axis=0)


def _paints(x, y, front):
    rng = np.random.default_rng(0)
    jaw = 1 / (1 + np.exp(-(y - 0.62 - 0.25 * (0.75 - np.abs(x)) * (np.abs(x) < 0.75)) / 0.05))
    lips = np.exp(-((x / 0.42) ** 4) - ((y - 0.82) / 0.13) ** 4)
    upper = np.exp(-((x / 0.40) ** 4) - ((y - 0.66) / 0.07) ** 2)
    scalp = 1 / (1 + np.exp((y + 0.90) / 0.03))
    strands = cv2.GaussianBlur(rng.normal(size=x.shape), (0, 0), 1.6, sigmaY=25)
    curls = cv2.GaussianBlur(rng.normal(size=x.shape), (0, 0), 5)
    blotches = [cv2.GaussianBlur(rng.normal(size=x.shape), (0, 0), 9) for _ in range(2)]
    unit = [p / p.std() for p in (strands, curls, *blotches)]
    return [-jaw * (1 - lips) * front, -upper * front, unit[0] * scalp, unit[1] * scalp,
            unit[2] * front, unit[3] * front]  # fmt: skip


def _reduced(fields, shape):
    """Return the fields at the texture's own resolution, float32 ``(fields, pixels)``."""
    small = [
        cv2.resize(f.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) for f in fields
    ]
    return np.stack(small).reshape(len(fields), -1)
