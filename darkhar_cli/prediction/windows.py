"""Sliding windows over a video: each is predicted as a clip of its own frames would be; memory does not grow.

Windows start at 0, stride, 2 stride, ...; what is left at the end gets a window that ends there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from darkhar_cli.data.loose_clips import LooseClip, VideoWindows, clip_of_frames
from darkhar_cli.data.video.streaming import VideoStream
from darkhar_cli.features.memory_cache import MemoryCache
from darkhar_cli.prediction.input_range import InputRange, look
from darkhar_cli.prediction.rows import PredictedSpan

if TYPE_CHECKING:
    from darkhar_cli.prediction.predictor import Predictor

_MOST_WINDOWS = 16  # that are predicted together: every model's weights are set anew for each lot
_MOST_BYTES = 1 << 28  # frames held for windows that are predicted together
_VIDEO = "video"  # what names its content while it is seen
_SOON = 1e-6  # seconds: times are rounded


class _Held(NamedTuple):
    """A frame of the video: its number, its time in seconds, and itself."""

    number: int
    time: float
    frame: np.ndarray


@dataclass(frozen=True)
class Window:
    """A window of a video.

    Attributes:
        start, end: in seconds.
        times: (T,) seconds of its frames.
        frames: T of (H, W, 3) uint8.
        numbers: (T,) of its frames in the video, from 0.
        last: whether the video ends with it.
    """

    start: float
    end: float
    times: np.ndarray
    frames: Sequence[np.ndarray]
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    last: bool = False

    def clip(self, video: str, number: int, fps: float) -> LooseClip:
        """Return the window as a clip of a video that announces a frame rate."""
        return clip_of_frames(f"{video}, {self.start:.1f} s", self.frames, fps, self.times, digest=f"window {number}")


def windows_of(
    frames: Iterable[tuple[float, np.ndarray]], window: float, stride: float, fps: float
) -> Iterator[Window]:
    """Yield the windows of a video, each as soon as its last frame has come.

    Args:
        frames: (seconds, frame) in order.
        window, stride: in seconds.
        fps: that the video announces; its last frame lasts 1 / fps.
    """
    held: deque[_Held] = deque()
    start, before, spoken_to, pending = 0.0, 0.0, -1.0, None
    step = 1 / fps if fps else 1 / 30
    for number, (time, frame) in enumerate(frames):
        while time >= start + window - _SOON:
            cut = _cut(held, start, start + window)
            if cut:
                if pending:
                    yield pending
                pending, spoken_to = cut, start + window
            start += stride
            while held and held[0].time < min(start, time - window) - _SOON:
                held.popleft()
        held.append(_Held(number, time, frame))
        before = time
    end = before + step
    if held and before >= spoken_to - _SOON:  # what no window has seen
        if pending:
            yield pending
        pending = _cut(held, max(0.0, end - window), end)
    if pending:
        yield replace(pending, last=True)


def _cut(held: Iterable[_Held], start: float, end: float) -> Window | None:
    inside = [each for each in held if start - _SOON <= each.time < end - _SOON]
    if not inside:
        return None
    times, numbers = np.array([each.time for each in inside]), np.array([each.number for each in inside])
    return Window(start, end, times, [each.frame for each in inside], numbers)


def together(windows: Iterable[Window], stride: float, most: int = _MOST_WINDOWS) -> Iterator[list[Window]]:
    """Yield windows in lists that are predicted together, up to so many, as far as memory allows."""
    batch: list[Window] = []
    for window in windows:
        batch.append(window)
        size = window.frames[0].nbytes * len(window.frames)
        share = min(1.0, stride / max(window.end - window.start, _SOON))  # of a window is new in the next
        if len(batch) >= most or size * (1 + share * len(batch)) > _MOST_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def predicted_windows(
    predictor: Predictor,
    name: str,
    video: VideoStream,
    window: float,
    stride: float,
    known: InputRange | None = None,
    live: bool = False,
) -> Iterator[PredictedSpan]:
    """Yield what is predicted of each window of an open video.

    Args:
        predictor: of a run.
        name: of the video.
        video: open, at its start.
        window, stride: in seconds.
        known: the range of the training clips, which windows are held against.
        live: give each window as soon as its frames have come, at the price of speed.

    Raises:
        ClipError: the video cannot be read, or not to its end; windows before that have been given.
    """
    number, left, kept = 0, 0.0, MemoryCache()
    for batch in together(windows_of(video.frames(), window, stride, video.fps), stride, 1 if live else _MOST_WINDOWS):
        clips = [each.clip(name, number + i, video.fps) for i, each in enumerate(batch)]
        probabilities = predictor.of_windows(_shared(name, batch, clips, video.fps, predictor.classes), kept)
        kept.keep_only(_VIDEO, int(batch[-1].numbers[0]))  # what follows begins behind
        for each, clip, p in zip(batch, clips, probabilities, strict=True):
            seen = look(clip)
            notes = known.notes(clip, seen, whole=False) if known else ()
            right = each.end if each.last else (each.start + each.end + stride) / 2
            yield PredictedSpan(name, each.start, each.end, p, seen.luma, notes, (left, right), window=True)
            left = right
        number += len(batch)


def _shared(
    name: str, windows: Sequence[Window], clips: Sequence[LooseClip], fps: float, classes: Sequence[str]
) -> VideoWindows:
    """Return windows with the video that they are of, as far as they hold its frames."""
    frames = {
        number: frame for each in windows for number, frame in zip(each.numbers.tolist(), each.frames, strict=True)
    }
    first = windows[0].frames[0]

    def read(positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        return (frames[int(position)] for position in positions)

    count = max(frames) + 1
    video = LooseClip(name, _VIDEO, count, float(np.float32(fps)), first.shape[0], first.shape[1], read)
    return VideoWindows("windows", clips, [each.numbers for each in windows], video, classes)
