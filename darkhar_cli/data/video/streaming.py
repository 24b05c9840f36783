"""Frames of a video of any length, one after the other: memory does not grow, nothing is known beforehand.

A clip that is small enough to be read whole is checked first (`checking`); here what comes is shown as it comes, and a
stream that breaks off ends with the reason.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np

from darkhar_cli.data.video.files import open_clip
from darkhar_cli.data.video.info import ClipError
from darkhar_cli.data.video.opening import CONTAINERS, most_pixels
from darkhar_cli.data.video.pixels import ToRgb
from darkhar_cli.data.video.reading import shown_pixels

_USUAL_RATE = 30.0
_WAIT_S = (20.0, 20.0)  # for an address to answer, and for its next picture


class Readable(Protocol):
    """An open file, or a pipe: what can be read from its start to its end."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""


@dataclass(frozen=True)
class VideoStream:
    """An open video.

    Attributes:
        container: PyAV's.
        stream: the one that is shown.
        fps: that the header announces; 0: none.
        seconds: how long the header says it is; 0: unknown, as of a camera.
    """

    container: Any
    stream: Any
    fps: float
    seconds: float

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Yield (seconds since the first frame, frame (H, W, 3) uint8) in order.

        Raises:
            ClipError: no frames, frames of several sizes, or decoding stops.
        """
        to_rgb, first, count, shape = ToRgb(), None, 0, None
        try:
            for frame in self._decoded():
                time = frame.pts * float(self.stream.time_base) if frame.pts is not None else None
                if time is None:
                    time = count / (self.fps or _USUAL_RATE) + (first or 0.0)
                first = time if first is None else first
                pixels = shown_pixels(frame, to_rgb)
                shape = shape or pixels.shape
                if pixels.shape != shape:
                    raise ClipError(f"frame size changes after {time - first:.1f} s")
                count += 1
                yield time - first, np.ascontiguousarray(pixels)
        except av.FFmpegError as problem:
            raise ClipError(f"decoding stops after {count} frames: {problem.strerror or problem}") from problem
        if not count:
            raise ClipError("no frames")

    def _decoded(self) -> Iterator[Any]:
        """Yield decoded frames; packets that the decoder refuses are passed over, as players do."""
        for packet in self.container.demux(self.stream):
            try:
                yield from self.stream.codec_context.decode(packet if packet.size else None)
            except (av.error.InvalidDataError, av.error.EOFError):
                continue


@contextmanager
def open_stream(source: str | Path | Readable, form: str | None = None, network: bool = False) -> Iterator[VideoStream]:
    """Open a file, a pipe, a camera or an address to be read from its start to its end.

    Args:
        source: a path, an open file (a pipe), or what FFmpeg takes for one with `form` or `network`.
        form: FFmpeg's name of a device's format, for instance `v4l2`.
        network: whether `source` may be an address.

    Raises:
        ClipError: it cannot be opened, or holds no video.
    """
    with ExitStack() as stack:
        yield _opened(source, form, network, stack)


def _opened(source: str | Path | Readable, form: str | None, network: bool, stack: ExitStack) -> VideoStream:
    options = {"max_pixels": str(most_pixels())}
    outside = network or form is not None
    if not outside:
        options |= {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    wait = _WAIT_S if network else None
    try:
        file: Any = source
        if not outside and isinstance(source, str | Path):
            file = stack.enter_context(open_clip(source))
        container: Any = av.open(file, "r", form, metadata_errors="replace", options=options, timeout=wait)
        stack.enter_context(container)
    except (av.FFmpegError, ValueError, IndexError) as problem:
        raise ClipError(f"not a video, or cut off ({getattr(problem, 'strerror', None) or problem})") from problem
    except OSError as problem:
        raise ClipError(problem.strerror or str(problem)) from problem
    shown = container.streams.best("video")
    if shown is None or shown.codec_context is None:
        raise ClipError("holds no video stream")
    shown.codec_context.thread_type = "NONE"  # cores are for what is computed of the frames
    return VideoStream(container, shown, float(shown.average_rate or shown.guessed_rate or 0), _seconds(shown))


def _seconds(stream: Any) -> float:
    """Return how long a stream's header, or its container's, says that it is; 0 where neither does."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    whole = stream.container.duration
    return whole / 1e6 if whole and whole > 0 else 0.0
