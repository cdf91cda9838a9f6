"""Where the head is in the picture: from points on the face to pixels, and back."""

import dataclasses

import numpy as np

from fer_utils.datasets.synthetic.skin import HEIGHT, girth, texture_position


@dataclasses.dataclass(frozen=True)
class Pose:
    """Pose and framing of ``n`` heads.

    Args:
        degrees: float ``(n, 3)``: yaw (to the picture's right), pitch (up), roll (clockwise).
        centre: float ``(n, 2)``, where the middle between the eyes would be seen from the
            front, in image sides.
        scale: float ``(n, 2)``, the half widths of the face, across and along, in image sides.
    """

    degrees: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def moved(self, place):
        """Return the Pose at places ``(n, 3)``: centre in image sides, and relative size."""
        return dataclasses.replace(self, centre=place[:, :2], scale=self.scale * place[:, 2:])

    def project(self, points, relief, rim):
        """Return where points of the faces are in the picture.

        Args:
            points: float ``(n, p, 2)``, x and y in half face widths.
            relief: float ``(p,)``, how far each stands off the ellipsoid.
            rim: float ``(p,)``, 1 for the head's outline, which turning does not foreshorten.

        Returns:
            float32 ``(n, p, 2)``, x and y in image sides.
        """
        x, y = points[..., 0], points[..., 1] / HEIGHT
        z = np.sqrt(np.maximum(girth(y) - x * x, 0.01)) * (1 - rim) + relief
        (sin_yaw, sin_pitch, sin_roll), (cos_yaw, cos_pitch, cos_roll) = self._turns()
        x, z = x * (rim + (1 - rim) * cos_yaw) + z * sin_yaw, z * cos_yaw - x * sin_yaw * (1 - rim)
        y = y * (rim + (1 - rim) * cos_pitch) - z * sin_pitch
        x, y = x * self.scale[:, :1], y * HEIGHT * self.scale[:, 1:]
        across = x * cos_roll - y * sin_roll + self.centre[:, :1]
        return np.stack([across, x * sin_roll + y * cos_roll + self.centre[:, 1:]], -1).astype(
            np.float32
        )

    def texture_map(self, drop, cells, aspect):
        """Return which point of the skin texture each cell of a lattice over the picture shows.

        Args:
            drop: float ``(n,)``, how far the jaw has dropped, in half face widths.
            cells: int ``(rows, columns)`` of the lattice.
            aspect: float, height and width of the picture in image sides.

        Returns:
            float32 ``(n, rows, columns, 2)``, column and row of the texture, 0-1; beside
            the head the nearest of its edge.
        """
        along, across = (
            ((np.arange(n) + 0.5) / n * side).astype(np.float32)
            for n, side in zip(cells, aspect, strict=True)
        )
        dx = across[None, None, :] - _cells(self.centre[:, 0])
        dy = along[None, :, None] - _cells(self.centre[:, 1])
        sines, cosines = self._turns()
        (sin_yaw, sin_pitch, sin_roll) = (_cells(s[:, 0]) for s in sines)
        (cos_yaw, cos_pitch, cos_roll) = (_cells(c[:, 0]) for c in cosines)
        x = (dx * cos_roll + dy * sin_roll) / _cells(self.scale[:, 0])
        y = (dy * cos_roll - dx * sin_roll) / _cells(self.scale[:, 1] * HEIGHT)
        beyond = np.maximum(np.sqrt(x * x + y * y), 0.97) / 0.97
        x, y = x / beyond, y / beyond
        z = np.sqrt(np.maximum(girth(y) - x * x, 0.02))
        y, z = y * cos_pitch + z * sin_pitch, z * cos_pitch - y * sin_pitch
        x, z = x * cos_yaw - z * sin_yaw, np.maximum(z * cos_yaw + x * sin_yaw, 0)
        y = y - _cells(drop) / HEIGHT * np.clip((y - 0.42) / 0.4, 0, 1)
        column, row = texture_position(x, y, z)
        return np.stack([column, row], -1)

    def _turns(self):
        radians = np.radians(self.degrees).T[..., None]
        return np.sin(radians), np.cos(radians)


def _cells(values):
    return np.asarray(values, np.float32)[:, None, None]
