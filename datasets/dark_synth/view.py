"""The camera's place and lens: from the world (metres) to pixels, and from pixels to the floor."""

from dataclasses import dataclass

import numpy as np

HEIGHT, WIDTH = 240, 320


@dataclass(frozen=True)
class View:
    """A pinhole camera above (0, 0), looking along y.

    Attributes:
        height: above the floor, metres.
        pitch: how far it looks down, radians.
        focal: focal length, pixels.
    """

    height: float
    pitch: float
    focal: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return column, row and depth in metres (..., 3) of places (..., 3)."""
        across, along, up = points[..., 0], points[..., 1], self.height - points[..., 2]
        sin, cos = np.sin(self.pitch), np.cos(self.pitch)
        depth = np.maximum(along * cos + up * sin, 0.05)
        column = WIDTH / 2 + self.focal * across / depth
        return np.stack([column, HEIGHT / 2 + self.focal * (up * cos - along * sin) / depth, depth], axis=-1)

    def floor(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where on the floor each pixel looks, x and y (H, W) float32 metres; 1e6 above the horizon."""
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32) + np.float32(0.5)
        sin, cos = np.float32(np.sin(self.pitch)), np.float32(np.cos(self.pitch))
        v = (rows - HEIGHT / 2) / np.float32(self.focal)
        drop = v * cos + sin  # of a ray, per metre of depth
        depth = np.where(drop > 1e-3, np.float32(self.height) / np.maximum(drop, 1e-3), np.float32(1e6))
        x = depth * (columns - WIDTH / 2) / np.float32(self.focal)
        return x.astype(np.float32), (depth * (cos - v * sin)).astype(np.float32)


def draw_view(variety: float, rng: np.random.Generator) -> View:
    """Draw a camera that has a standing person 3 metres away in the middle of its picture."""
    height, focal = 1.5 + rng.uniform(-1, 1) * (0.15 + 0.5 * variety), rng.uniform(295, 335)
    pitch = np.arctan2(height - rng.uniform(0.82, 0.92), 3.2)
    return View(float(height), float(pitch), float(focal))
