"""The photograph around the face: what is behind it, exposure, blur and grain."""

import functools

import cv2
import numpy as np

_MIDDLE_GREY = 132


class Backgrounds:
    """Out-of-focus rooms: windows onto a few larger scenes that are drawn once."""

    def __init__(self, scene, shape):
        behind = scene.background
        bank = _rooms(shape)
        self.rooms = [bank[int(w * len(bank))] for w in behind.which]
        self.rows = (behind.y * (bank[0].shape[0] - shape[0])).astype(int)
        self.columns = (behind.x * (bank[0].shape[1] - shape[1])).astype(int)
        self.shape, self.tone, self.relief = shape, behind.tone, behind.relief

    def window(self, i):
        """Return what is behind face i: uint8 of two planes, grey and an empty matte."""
        r, c = self.rows[i], self.columns[i]
        window = self.rooms[i][r : r + self.shape[0], c : c + self.shape[1]]
        tones = cv2.convertScaleAbs(
            window, None, self.relief[i], self.tone[i] * (1 - self.relief[i])
        )
        return cv2.merge([tones, np.zeros_like(tones)])


@functools.lru_cache(maxsize=4)
def _rooms(shape, count=12):
    rng = np.random.default_rng(1)
    h, w = int(shape[0] * 1.6), int(shape[1] * 1.6)
    rooms = []
    for _ in range(count):
        room = np.full((h, w), rng.integers(40, 200), np.uint8)
        for x, y, a, b, tone in rng.random((9, 5)):
            corner = int(x * w), int(y * h)
            opposite = int((x + 0.5 * a) * w), int((y + b) * h)
            cv2.rectangle(room, corner, opposite, int(255 * tone), -1)
        rooms.append(cv2.GaussianBlur(room, (0, 0), w * rng.uniform(0.015, 0.06)))
    return rooms


class Camera:
    """Exposure, blur, contrast and sensor noise.

    Args:
        camera: namespace of a Scene.
        level: float ``(n,)``, how bright each face is, 0-255; exposure evens that out in part.
        size: int ``(height, width)``.
    """

    def __init__(self, camera, level, size):
        self.size, side = size, min(size)
        self.sigma = np.hypot(camera.blur * side, 0.006 * side)
        exposed = level * (_MIDDLE_GREY / level) ** 0.65
        self.gain = camera.contrast * (exposed / level) ** 0.8
        self.noise = camera.noise * np.sqrt(side / 48)
        self.offset = exposed + camera.brightness - self.gain * level - 128 * self.noise
        self.grain = _grain(size)
        self.corner = ((camera.speck[:, None] * [1.0, 7919.0]) % 1 * size).astype(int)

    def take(self, image, i):
        """Return the photograph of picture i, uint8."""
        if self.sigma[i] > 0.35:
            width = int(self.sigma[i] * 3) * 2 + 1
            image = cv2.GaussianBlur(image, (width, width), self.sigma[i])
        r, c = self.corner[i]
        grain = self.grain[r : r + self.size[0], c : c + self.size[1]]
        return cv2.addWeighted(image, self.gain[i], grain, self.noise[i], self.offset[i])


@functools.lru_cache(maxsize=4)
def _grain(size):
    rng = np.random.default_rng(2)
    grain = cv2.GaussianBlur(rng.normal(128, 60, (2 * size[0], 2 * size[1])), (0, 0), 0.5)
    return np.clip((grain - 128) / grain.std() * 40 + 128, 0, 255).astype(np.uint8)
