"""Video bytes in and out, by PyAV: count, read, write, check.

Frames are RGB uint8 `(T, H, W, 3)`. Counts come from decoding, since headers lie. Decoding is bounded in
frames and pixels, so that a hostile file cannot fill the memory.
"""

import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

MAX_FRAMES = 100_000
MAX_PIXELS = 4096 * 4096
_SKIPPING = ("h264", "hevc")  # decoders that can leave out frames nothing is predicted from


class ClipError(Exception):
    """A clip that cannot be read; the message is the reason, in words."""


@dataclass(frozen=True)
class VideoInfo:
    """What decoding a clip found: frames, frames per second, and pixels."""

    n_frames: int
    fps: float
    height: int
    width: int


def _open(data: bytes) -> av.container.InputContainer:
    if not data:
        raise ClipError("empty file")
    try:
        container = av.open(io.BytesIO(data))
    except (av.FFmpegError, ValueError) as problem:
        raise ClipError("not a video, or cut off (no container header)") from problem
    if not container.streams.video:
        container.close()
        raise ClipError("holds no video stream")
    return container


def _frames(container: av.container.InputContainer) -> Iterator[av.VideoFrame]:
    stream = container.streams.video[0]
    stream.thread_type = "SLICE"  # one clip, one thread: clips run side by side
    context = stream.codec_context
    if context.width * context.height > MAX_PIXELS:
        raise ClipError(f"{context.width}x{context.height} pixels are more than the {MAX_PIXELS} allowed")
    count = 0
    try:
        for frame in container.decode(stream):
            count += 1
            if count > MAX_FRAMES:
                raise ClipError(f"more than {MAX_FRAMES} frames; cut the video into clips")
            yield frame
    except av.FFmpegError as problem:
        raise ClipError(f"decoding stops after {count} frames: {problem.strerror}") from problem


def inspect(data: bytes) -> VideoInfo:
    """Decode a whole clip and return what it holds.

    Raises:
        ClipError: no video, no frames, damaged, or cut off.
    """
    with _open(data) as container:
        stream = container.streams.video[0]
        count, shapes = 0, set()
        for frame in _frames(container):
            count += 1
            shapes.add(_upright_shape(frame))
        if count == 0:
            raise ClipError("no frames")
        if len(shapes) > 1:
            raise ClipError("frame size changes within the clip")
        rate, announced = stream.average_rate or stream.guessed_rate or Fraction(0), stream.frames
    if count < announced and _packets(data) < announced:
        raise ClipError(f"cut off: {count} of {announced} frames")
    height, width = shapes.pop()
    return VideoInfo(count, float(rate), height, width)


def _packets(data: bytes) -> int:
    """Count the packets that are there, trimmed ones included: fewer than announced means a cut file."""
    with av.open(io.BytesIO(data), options={"ignore_editlist": "1"}) as container:
        return sum(packet.size > 0 for packet in container.demux(container.streams.video[0]))


def read_frames(data: bytes, positions: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """Return the frames at ascending positions (repeats allowed), or all, as uint8 (T, H, W, 3).

    Raises:
        ClipError: the clip cannot be read, or ends before the last position.
    """
    if positions is not None:
        return np.stack(list(iter_frames(data, positions)))
    with _open(data) as container:
        frames = [_upright(frame) for frame in _frames(container)]
    if not frames:
        raise ClipError("no frames")
    return np.stack(frames)


def iter_frames(
    data: bytes, positions: Sequence[int] | np.ndarray, n_frames: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the frames at ascending positions (repeats allowed), uint8 (H, W, 3).

    Only those frames are converted to RGB, and decoding stops at the last of them. Where the clip is known to have
    `n_frames`, frames that neither are wanted nor serve others are not decoded: same pixels, about half the time.

    Raises:
        ClipError: the clip cannot be read, or ends before the last position.
    """
    wanted = deque(map(int, positions))
    for sparing in (True, False) if n_frames else (False,):
        with _open(data) as container:
            found = _needed_frames(container, tuple(wanted), n_frames) if sparing else enumerate(_frames(container))
            for index, frame in found:
                if index == wanted[0]:
                    pixels = _upright(frame)
                    while wanted and wanted[0] == index:
                        yield pixels
                        wanted.popleft()
                if not wanted:
                    return
    raise ClipError(f"frame {wanted[0]} is not there")


def _needed_frames(
    container: av.container.InputContainer, wanted: Iterable[int], n_frames: int
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield (index, frame) of wanted frames, leaving out what serves no other; nothing where that is unsure."""
    stream = container.streams.video[0]
    context = stream.codec_context
    if context.name not in _SKIPPING or context.width * context.height > MAX_PIXELS:
        return
    stream.thread_type = "NONE"
    try:
        packets = list(container.demux(stream))
        shown = [packet.pts for packet in packets if packet.size and not packet.is_discard]
        if None in shown or len(set(shown)) != n_frames or len(shown) != n_frames:
            return  # packets do not tell which frame is which
        index = {time: i for i, time in enumerate(sorted(shown))}
        asked = set(wanted)
        needed = {time for time, i in index.items() if i in asked}
        for packet in packets:
            context.skip_frame = "DEFAULT" if packet.pts in needed or not packet.size else "NONREF"
            for frame in context.decode(packet):
                if frame.pts in needed:
                    yield index[frame.pts], frame
    except av.FFmpegError:
        return  # decoding all of it says what is wrong


def _upright_shape(frame: av.VideoFrame) -> tuple[int, int]:
    return (frame.width, frame.height) if frame.rotation % 180 else (frame.height, frame.width)


def _upright(frame: av.VideoFrame) -> np.ndarray:
    """Return one frame as RGB, turned as its display matrix says (phones film sideways)."""
    pixels = frame.to_ndarray(format="rgb24")
    return np.rot90(pixels, frame.rotation // 90) if frame.rotation else pixels


def write_video(frames: Iterable[np.ndarray], fps: int, *, bit_rate: int | None = None, crf: int = 18) -> bytes:
    """Encode RGB uint8 frames (H, W, 3) as H.264 in mp4: same frames, same bytes.

    That holds with one thread and a preset without look-ahead; x264's slower presets gave up to 11 different
    files in 30 runs of the same 24 frames.
    """
    frames = iter(frames)
    first = next(frames)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        options = {"preset": "superfast", "threads": "1"} | ({} if bit_rate else {"crf": str(crf)})
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        if bit_rate:
            stream.bit_rate = bit_rate
        for pixels in (first, *frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()
