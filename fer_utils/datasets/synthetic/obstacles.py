"""What hides part of a face: a hand, a lock of hair."""

import numpy as np

from fer_utils.datasets.synthetic.curves import nodes, smooth


def obstacle_shapes(person, scene):
    """Return the hand's and the lock's shapes, as ``shapes.outlines`` returns the face's."""
    side = scene.side[:, None, None] * [1.0, 0.0] + [0.0, 1.0]
    reach = scene.reach
    shapes = _hand(reach) | {"lock": _lock(person, reach)}
    return {name: (points * side, 0.30, 0.0) for name, points in shapes.items()}


def _hand(reach):
    """Four fingers across the cheek towards the mouth, from below."""
    shapes = {}
    tip_x, tip_y = 0.15 - 0.35 * reach, 0.75 + 0.25 * reach
    for k in range(4):
        x, y = tip_x + 0.03 * k, tip_y + 0.17 * k
        shapes[f"finger_{k}"] = _finger(x, y, 0.95, 0.95 + 0.16 * k, 0.085)
        if k < 3:
            shapes[f"gap_{k}"] = _finger(x + 0.06, y + 0.088, 0.9, 1.03 + 0.16 * k, 0.008)
    palm = [(0.6, 0.85), (1.1, 0.75), (1.35, 1.4), (1.2, 2.6), (0.55, 2.6), (0.5, 1.5)]
    shapes["hand_shadow"] = shapes["finger_0"] + [-0.03, -0.035]
    shapes["palm"] = smooth(np.broadcast_to(palm, (len(reach), 6, 2)), 14)
    return shapes


def _finger(x, y, root_x, root_y, half):
    """A rounded bar from its tip to its root."""
    along = np.array([1.0, 0.5, 0.1, 0.0, -0.02, 0.0, 0.1, 0.5, 1.0])
    across = np.array([-1, -1, -0.9, -0.6, 0.0, 0.6, 0.9, 1, 1]) * half
    x, y = np.asarray(x)[:, None], np.asarray(y)[:, None]
    return np.stack([x + (root_x - x) * along, y + (root_y - y) * along + across], -1)


def _lock(person, reach):
    """Hair that falls from the parting over one eye."""
    low = 0.25 + 0.4 * reach
    top = person.hairline - 0.1
    hair = nodes((-0.1, top), (0.25, -0.45), (0.45 + 0.1 * reach, low), (0.72, low + 0.2),
                 (0.92, -0.1), (0.8, top + 0.15))  # fmt: skip
    return smooth(hair, 15)
