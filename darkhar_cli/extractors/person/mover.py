"""What moves in a clip, located without a model: a box around what differs from the background and between frames.

Differences count by the noise of their own frame, so that a dark clip's few levels weigh as much as a bright one's
many. A camera's own motion is taken off first (`sparse_flow.agreed_motion`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from darkhar_cli.extractors.person.flow_input import luma
from darkhar_cli.extractors.person.smoothing import gaussian, median, path, running_median
from darkhar_cli.extractors.person.sparse_flow import agreed_motion
from darkhar_cli.extractors.resampling import evenly

_LONGEST, _BLUR = 160, 0.8
_BACKGROUND_FRAMES = 48  # at most so many, evenly spaced, make the background
_LEAST_NOISE = 0.5  # levels: of rounding
_FROM, _FULL = 3.0, 9.0  # times the noise: where a difference begins to count, and where it counts in full
_PAIRS, _APART, _STILL = 8, 8, 0.5  # a camera is still that moves less (pixels) between so many pairs of frames, apart
_SPREAD = 0.02  # frame heights: of the Gaussian that joins the parts of a body
_JOINED = 0.15  # of the strongest smoothed evidence: what is above belongs to some mover
_EDGE = 0.02  # share of the evidence that may lie beyond each side of the box
_BOX_FRAMES, _BOX_SIGMA = 7, 2.0
_LEAST_UNIT = 0.06  # frame heights
_SPARSE = (slice(None, None, 2), slice(None, None, 2))  # a quarter of the pixels is enough for medians


@dataclass(frozen=True)
class Mover:
    """The box of what moves most.

    Attributes:
        box: (T, 4) left, top, right, bottom in frame heights, smoothed over time.
        camera: (T, 3) where the camera's motion has taken the scene: x, y in frame heights, and log zoom; zeros where
            it stands still.
    """

    box: np.ndarray
    camera: np.ndarray

    @property
    def height(self) -> np.ndarray:
        """Return the box's height (T,) in frame heights."""
        return self.box[:, 3] - self.box[:, 1]

    @cached_property
    def unit(self) -> float:
        """Return the clip's length unit in frame heights: the box's upper quartile of heights."""
        return max(float(np.quantile(self.height, 0.75)), _LEAST_UNIT)

    def evenly(self, times: np.ndarray | None) -> "Mover":
        """Return the mover at even times, of frames at irregular times (T,) in seconds; None: they are even."""
        return self if times is None else Mover(evenly(self.box, times), evenly(self.camera, times))


def locate(frames: Sequence[np.ndarray] | np.ndarray) -> Mover:
    """Return the mover in the frames (T, H, W, 3) uint8 of a clip; the whole frame where nothing moves."""
    views = _Views(frames)
    boxes, weights = zip(*(_box_of(views.evidence(t)) for t in range(len(frames))), strict=True)
    return Mover(_smoothed(np.array(boxes), np.array(weights)), views.camera)


class _Views:
    """A clip's small luma, and its background, as the camera sees it in each frame."""

    def __init__(self, frames: Sequence[np.ndarray] | np.ndarray):
        self.frames = frames
        self._kept: dict[int, np.ndarray] = {}
        self.shape = self.image(0).shape
        self.still = self._stands_still()
        steps = [] if self.still else [agreed_motion(self.image(t - 1), self.image(t)) for t in range(1, len(frames))]
        # Steps are small, so sums stand for products of similarities.
        self.camera = path(np.reshape(steps, (-1, 3))) if steps else np.zeros((len(frames), 3))
        self.middle = len(frames) // 2
        self.background, self.known = self._median()

    def _stands_still(self) -> bool:
        """Return whether the camera is still: steps are not summed up then, nor are their errors."""
        last = len(self.frames) - 1
        apart = min(_APART, last)
        moves = []
        for start in np.linspace(0, last - apart, min(_PAIRS, last - apart + 1)).round().astype(int):
            dx, dy, zoom = agreed_motion(self.image(start), self.image(start + apart))
            moves.append(np.hypot(dx, dy) * self.shape[0] + abs(zoom) * max(self.shape) / 2)
        return bool(np.median(moves) < _STILL)

    def image(self, t: int) -> np.ndarray:
        """Return frame t's small luma (h, w) uint8."""
        if t not in self._kept:
            self._kept = {key: kept for key, kept in self._kept.items() if abs(key - t) <= _APART}
            self._kept[t] = luma(self.frames[t], _LONGEST, _BLUR)
        return self._kept[t]

    def seen_from(self, image: np.ndarray, source: int, target: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return an image (h, w) of frame `source` as the camera of frame `target` sees it, and where it is known."""
        if self.still or source == target:
            return image, None
        shift, zoom = self.camera[target, :2] - self.camera[source, :2], self.camera[target, 2] - self.camera[source, 2]
        scale, centre = np.exp(zoom), (np.array(self.shape[::-1]) - 1) / 2
        moved = centre + shift * self.shape[0] - scale * centre
        matrix = np.array([[scale, 0, moved[0]], [0, scale, moved[1]]])
        size = self.shape[::-1]
        known = cv2.warpAffine(np.ones(self.shape, np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), known

    def _median(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the median of some frames, as the middle one sees them, and where most of them are known."""
        n = len(self.frames)
        picked = np.linspace(0, n - 1, min(_BACKGROUND_FRAMES, n)).round().astype(int)
        found = [self.seen_from(luma(self.frames[t], _LONGEST, _BLUR), t, self.middle) for t in picked]
        images = np.stack([image for image, _ in found])
        known = None
        if not self.still:
            all_known = np.stack([np.ones(self.shape, bool) if some is None else some for _, some in found])
            known = all_known.mean(axis=0) > 0.5
        return np.median(images, axis=0).astype(np.float32), known

    def evidence(self, t: int) -> np.ndarray:
        """Return how surely each pixel of frame t moves, (h, w) float32 0..1."""
        image = self.image(t).astype(np.float32)
        background, known = self.seen_from(self.background, self.middle, t)
        found = beyond_noise(image, background, known)
        if known is not None and self.known is not None:
            there = self.seen_from(self.known.astype(np.uint8), self.middle, t)[0] > 0
            found = np.where(known & there, found, 0)
        steps = [
            beyond_noise(image, *self.seen_from(self.image(s), s, t))
            for s in (t - 1, t + 1)
            if 0 <= s < len(self.frames)
        ]
        if steps:
            found = np.maximum(found, np.minimum.reduce(steps))
        return found


def beyond_noise(image: np.ndarray, other: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Return how far two images (h, w) differ beyond the noise of their difference, 0..1 each pixel."""
    other = other.astype(np.float32)
    some = image[_SPARSE], other[_SPARSE]
    bright = some[1] > median(some[1].ravel())
    some = [values[bright] if bright.any() else values.ravel() for values in some]
    gain = median(some[0] / np.maximum(some[1], 1))
    noise = max(1.4826 * median(np.abs(some[0] - gain * some[1])), _LEAST_NOISE)
    difference = cv2.absdiff(image, gain * other)
    found = np.clip((difference / noise - _FROM) / (_FULL - _FROM), 0, 1)
    return found if known is None else np.where(known, found, 0)


def _box_of(evidence: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the box (4,) in frame heights around the most evidence that hangs together, and how much that is."""
    height, width = evidence.shape
    whole = np.array([0, 0, width / height, 1.0])
    soft = cv2.GaussianBlur(evidence, (0, 0), max(1.0, _SPREAD * height))
    if soft.max() < 0.05:
        return whole, 0.0
    count, label = cv2.connectedComponents((soft > _JOINED * soft.max()).astype(np.uint8))
    mass = np.bincount(label.ravel(), evidence.ravel(), count)
    mass[0] = 0
    best = int(mass.argmax())
    part = np.where(label == best, evidence, 0)
    sides = []
    for axis in (0, 1):
        share = np.cumsum(part.sum(axis=axis, dtype=np.float64)) / mass[best]
        sides.append((np.searchsorted(share, _EDGE), np.searchsorted(share, 1 - _EDGE) + 1))
    (left, right), (top, bottom) = sides
    return np.array([left, top, right, bottom]) / height, float(mass[best]) / evidence.size


def _smoothed(boxes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return boxes (T, 4) smoothed over time, frames with little evidence taking after their neighbours."""
    if not weights.any():
        return boxes
    weights = np.minimum(weights, np.median(weights[weights > 0]))[:, None] + 1e-6
    typical = np.median(boxes[weights[:, 0] > 1e-5], axis=0)
    boxes = np.where(weights > 1e-5, boxes, typical)
    boxes = running_median(boxes, _BOX_FRAMES)
    return gaussian(boxes * weights, _BOX_SIGMA) / gaussian(weights, _BOX_SIGMA)
