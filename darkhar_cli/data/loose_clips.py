"""Clips of no data set: a video file's bytes, or frames in memory, as what trains and scores wants them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Protocol

import numpy as np
import pandas as pd

from darkhar_cli.data.clip_dataset import TEST, Clips
from darkhar_cli.data.frame_times import IRREGULAR, frame_times, timing_of
from darkhar_cli.data.video import DamagedClip, inspect, iter_frames

_COLUMNS = ["id", "digest", "n_frames", "fps", "height", "width", "jitter", "skippable", "split", "label", "group"]


class FrameReader(Protocol):
    """What gives a clip's frames."""

    def __call__(self, positions: Sequence[int] | np.ndarray, /) -> Iterator[np.ndarray]:
        """Yield the frames at ascending positions, uint8 (H, W, 3)."""


@dataclass(frozen=True)
class LooseClip:
    """A clip without a label.

    Attributes:
        id: what it is called in tables and messages.
        digest: SHA-256 of its bytes, or what else names its content.
        n_frames: T.
        fps: frames per second; of irregular frames the mean.
        height, width: in pixels, as shown.
        read: gives its frames.
        jitter: how far frames are off a constant rate, in frames, at most.
        times: (T,) seconds of the frames where they are irregular, else None.
        skippable: 1: frames that nothing is predicted from may be skipped.
        damage: what the decoder marks as corrupt, in words.
    """

    id: str
    digest: str
    n_frames: int
    fps: float
    height: int
    width: int
    read: FrameReader
    jitter: float = 0.0
    times: np.ndarray | None = None
    skippable: int = 0
    damage: str = ""

    @property
    def seconds(self) -> float:
        """Return how long it is; 0 where its rate is not known."""
        return self.n_frames / self.fps if self.fps else 0.0


def clip_of_bytes(name: str, data: bytes) -> LooseClip:
    """Return the clip that a video file's bytes hold, with the very facts that a prepared data set has of it.

    Raises:
        ClipError: it cannot be read; one with corrupt frames can, and says so in `damage`.
    """
    damage = ""
    try:
        info = inspect(data)
    except DamagedClip as problem:
        info, damage = problem.info, str(problem)
    timing = timing_of(frame_times(data, info.n_frames), info.fps)
    read = partial(iter_frames, data, n_frames=info.n_frames, skippable=info.skippable)
    times = timing.times if timing.jitter > IRREGULAR else None
    fps = float(np.float32(timing.fps))  # as records keep it
    about = (info.n_frames, fps, info.height, info.width)
    return LooseClip(
        name, sha256(data).hexdigest(), *about, read, float(timing.jitter), times, int(info.skippable), damage
    )


def clip_of_frames(
    name: str,
    frames: Sequence[np.ndarray] | np.ndarray,
    fps: float,
    times: np.ndarray | None = None,
    digest: str = "",
) -> LooseClip:
    """Return the clip of frames in memory.

    Args:
        name: what it is called.
        frames: T of (H, W, 3) uint8.
        fps: frames per second; with times: what is announced.
        times: (T,) in seconds when they are shown; None: at a constant rate.
        digest: names the content; by default the name does.
    """

    def read(positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        return (frames[int(position)] for position in positions)

    jitter, uneven = 0.0, None
    if times is not None:
        timing = timing_of(times - times[0], fps)
        fps, jitter = timing.fps, timing.jitter
        uneven = timing.times if jitter > IRREGULAR else None
    height, width = frames[0].shape[:2]
    mark = digest or sha256(name.encode(errors="surrogateescape")).hexdigest()
    return LooseClip(name, mark, len(frames), float(np.float32(fps)), height, width, read, jitter, uneven)


class LooseClips(Clips):
    """Some clips without labels, all of them in the split that every fold scores."""

    def __init__(self, name: str, clips: Sequence[LooseClip], classes: Sequence[str]):
        self.name, self.classes, self.clips = name, list(classes), list(clips)
        rows = [{key: getattr(clip, key) for key in _COLUMNS[:8]} for clip in clips]
        self.table = pd.DataFrame(rows, columns=_COLUMNS[:8]).assign(split=TEST, label="", group="")

    def frames(self, row: int, positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        """Yield one clip's frames at ascending positions, uint8 (H, W, 3).

        Raises:
            ClipError: it cannot be read.
        """
        return self.clips[row].read(positions)

    def times(self, row: int) -> np.ndarray | None:
        """Return when one clip's frames are shown, (T,) float64 seconds; None: at a constant rate."""
        return self.clips[row].times


class VideoWindows(LooseClips):
    """Windows of one video that overlap, and the video: frames of several windows need be computed but once.

    Args:
        name: of the clips.
        windows: each a clip of its own.
        numbers: of each window, which frames of the video (T,) its own are, ascending.
        video: the frames that are held, by their number; its `n_frames` is one more than the last number.
        classes: names.

    Attributes:
        source: the video as clips of which there is one.
    """

    def __init__(
        self,
        name: str,
        windows: Sequence[LooseClip],
        numbers: Sequence[np.ndarray],
        video: LooseClip,
        classes: Sequence[str],
    ):
        super().__init__(name, windows, classes)
        self.source = LooseClips(name, [video], classes)
        self._numbers = list(numbers)

    def in_video(self, row: int, positions: np.ndarray) -> np.ndarray:
        """Return which frames of the video stand at whole positions (T,) of a window."""
        return self._numbers[row][positions]


def placeholder(rates: Sequence[float], irregular: bool, classes: Sequence[str]) -> LooseClips:
    """Return clips that cannot be read, of these frame rates: what parts are told of a data set that is not there."""
    jitter = 2 * IRREGULAR if irregular else 0.0
    about = [LooseClip("", "", 1, rate, 1, 1, lambda _: iter(()), jitter) for rate in rates or [0.0]]
    return LooseClips("placeholder", about, classes)
