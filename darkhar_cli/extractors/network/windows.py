"""Windows of a clip's frames, and the timeline that their features make."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from darkhar_cli.errors import BadRequest


@dataclass(frozen=True)
class Windows:
    """How windows lie in a clip: from its first frame to its last, evenly, each of so many frames.

    Attributes:
        frames: of each window.
        stride: from one of them to the next, in the clip's frames.
        fps: or so many frames a second, whatever the clip's rate; None: the stride counts.
        every: from one window to the next, in the clip's frames; None: half of what a window spans.
    """

    frames: int
    stride: int = 1
    fps: float | None = None
    every: int | None = None

    def positions(self, n: int, rate: float) -> np.ndarray:
        """Return each window's frames (W, frames) of a clip of n frames at a rate per second.

        In a clip shorter than a window the last frame is repeated.
        """
        step = max(rate / self.fps, 1e-6) if self.fps else float(self.stride)
        offsets = np.arange(self.frames) * step
        room = max(0.0, n - 1 - offsets[-1])
        every = self.every or max(1.0, round((offsets[-1] + 1) / 2))
        starts = np.linspace(0, room, int(np.ceil(room / every - 1e-9)) + 1)
        return np.clip(np.rint(starts[:, None] + offsets), 0, n - 1).astype(np.int64)


def chosen(frames: int, stride: Any, fps: float | None, every: Any) -> Windows:
    """Return the windows that parameters ask for, `auto` among them.

    Raises:
        BadRequest: a stride and a rate, which say two things.
    """
    if fps and stride != "auto":
        raise BadRequest(
            f"extractor.stride={stride} and extractor.fps={fps} say two things: give one of them, or stride=auto"
        )
    return Windows(frames, 1 if stride == "auto" else int(stride), fps, None if every == "auto" else int(every))


def at_times(positions: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Return which frames are shown at positions of even time, where frames come at irregular times (n,) in seconds."""
    if times is None or len(times) < 2:
        return positions
    even = np.linspace(times[0], times[-1], len(times))[positions]
    after = np.clip(np.searchsorted(times, even), 1, len(times) - 1)
    return np.where(even - times[after - 1] <= times[after] - even, after - 1, after)


def timeline(features: np.ndarray, positions: np.ndarray, n: int) -> np.ndarray:
    """Return features (n, F) float32 of every frame, between the middles of windows (W, frames) interpolated.

    Before the first middle and after the last one they stay as there.
    """
    middles = positions.mean(axis=1)
    if len(middles) == 1:
        return np.repeat(features, n, axis=0).astype(np.float32)
    at = np.clip(np.arange(n), middles[0], middles[-1])
    low = np.clip(np.searchsorted(middles, at, side="right") - 1, 0, len(middles) - 2)
    part = ((at - middles[low]) / (middles[low + 1] - middles[low]))[:, None]
    return (features[low] * (1 - part) + features[low + 1] * part).astype(np.float32)
