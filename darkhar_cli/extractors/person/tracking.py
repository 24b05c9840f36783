"""One person followed through a clip: MoveNet on a square that the last frame's keypoints place.

Points are (x, y) in frame heights, y down: an upright frame of 4:3 spans 0..4/3 and 0..1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from darkhar_cli.extractors.person.keypoints import MoveNet
from darkhar_cli.extractors.person.smoothing import gaussian
from darkhar_cli.extractors.resampling import evenly

SEEN = 0.2  # score above which a keypoint counts as seen
_LEAST_SEEN = 4  # keypoints; with no more than these, all of them make the box
_SHOULDERS, _HIPS = [5, 6], [11, 12]
_TORSO_ROOM, _BODY_ROOM = 1.9, 1.2
_SIGMA = 1.5  # frames
_LEAST_WEIGHT = 0.02
_LEAST_TORSO = 0.03  # frame heights


@dataclass(frozen=True)
class Person:
    """The person of a clip.

    Attributes:
        points: (T, 17, 3) x, y in frame heights, and score.
    """

    points: np.ndarray

    @cached_property
    def smooth(self) -> np.ndarray:
        """Return the points (T, 17, 2) smoothed over time, each frame weighted by its score squared."""
        weight = np.maximum(self.points[:, :, 2:], _LEAST_WEIGHT) ** 2
        return gaussian(weight * self.points[:, :, :2], _SIGMA) / gaussian(weight, _SIGMA)

    @property
    def hip(self) -> np.ndarray:
        """Return the midpoint of the hips (T, 2)."""
        return self.smooth[:, _HIPS].mean(axis=1)

    @property
    def shoulder(self) -> np.ndarray:
        """Return the midpoint of the shoulders (T, 2)."""
        return self.smooth[:, _SHOULDERS].mean(axis=1)

    @property
    def torso(self) -> np.ndarray:
        """Return the distance from hips to shoulders (T,) in frame heights."""
        return np.linalg.norm(self.shoulder - self.hip, axis=1)

    @property
    def box(self) -> np.ndarray:
        """Return the box (T, 4) around the keypoints seen in each frame, in frame heights."""
        return boxes(self.points)

    @cached_property
    def unit(self) -> float:
        """Return the clip's torso length, which all lengths are given in."""
        return max(float(np.median(self.torso)), _LEAST_TORSO)

    def evenly(self, times: np.ndarray | None) -> "Person":
        """Return the person at even times, of frames at irregular times (T,) in seconds; None: they are even."""
        return self if times is None else Person(evenly(self.points, times))


def follow(frames: Iterable[np.ndarray], net: MoveNet) -> Person:
    """Return the person in the frames (T, H, W, 3) uint8 of a clip.

    The square is MoveNet's own tracking crop (`determine_crop_region` of TensorFlow Hub's MoveNet tutorial).
    """
    found, square = [], None
    for frame in frames:
        height, width = frame.shape[:2]
        x, y, side = square or whole_square(height, width)
        answer = net.run(_cut(frame, x, y, side, net.size)[None]).astype(np.float64)
        points = np.stack([x + side * answer[:, 1], y + side * answer[:, 0], answer[:, 2]], axis=1)
        square = next_square(points, height, width)
        found.append(points / [height, height, 1])
    return Person(np.stack(found))


def boxes(points: np.ndarray) -> np.ndarray:
    """Return left, top, right, bottom (T, 4) of the keypoints that are seen in each frame (all, if 4 or fewer are).

    Args:
        points: (T, 17, 3) x, y in frame heights, and score.
    """
    seen = points[:, :, 2] > SEEN
    seen |= seen.sum(axis=1, keepdims=True) <= _LEAST_SEEN
    low = np.where(seen[:, :, None], points[:, :, :2], np.inf).min(axis=1)
    high = np.where(seen[:, :, None], points[:, :, :2], -np.inf).max(axis=1)
    return np.concatenate([low, high], axis=1)


def whole_square(height: int, width: int) -> tuple[float, float, float]:
    """Return left, top and side of the square centred on a frame that holds all of it, in pixels."""
    side = max(height, width)
    return (width - side) / 2, (height - side) / 2, float(side)


def next_square(points: np.ndarray, height: int, width: int) -> tuple[float, float, float]:
    """Return left, top and side, in pixels, of the next square to search.

    Args:
        points: (17, 3) x, y in pixels, and score.
        height, width: of the frame.
    """
    seen = points[:, 2] > SEEN
    if not (seen[_HIPS].any() and seen[_SHOULDERS].any()):
        return whole_square(height, width)
    centre = points[_HIPS, :2].mean(axis=0)
    away = np.abs(points[:, :2] - centre).max(axis=1)
    half = max(_TORSO_ROOM * away[_SHOULDERS + _HIPS].max(), _BODY_ROOM * away[seen].max())
    half = min(half, max(*centre, width - centre[0], height - centre[1]))
    if half > max(height, width) / 2 or half < 1:  # less than a pixel: nobody's torso
        return whole_square(height, width)
    return float(centre[0] - half), float(centre[1] - half), float(2 * half)


def _cut(frame: np.ndarray, x: float, y: float, side: float, size: int) -> np.ndarray:
    """Return a square of a frame, (size, size, 3), black where it lies outside."""
    step = side / size  # pixels are counted from their centres
    matrix = np.array([[step, 0, x + (step - 1) / 2], [0, step, y + (step - 1) / 2]])
    return cv2.warpAffine(frame, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
