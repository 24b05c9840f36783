"""Decoding a clip in order: every frame that the decoder gives, what is corrupt counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import av

from darkhar_cli.data.video import avi, limits
from darkhar_cli.data.video.display import shown_shape
from darkhar_cli.data.video.info import ClipError
from darkhar_cli.data.video.opening import Video

MAX_FRAMES = 100_000  # of a clip; `limits` may say otherwise


@dataclass
class Tally:
    """What decoding came across.

    Attributes:
        packets: with something in them.
        decoded: frames that the decoder gave, repeats not counted.
        corrupt: frames that the decoder marks.
        damaged: packets that the container marks, or that the decoder refuses.
        refused: packets that the decoder refuses.
        stopped: why the container could not be read to its end.
        end: when the last packet ends, in the stream's time base.
        shape: (height, width) of frames as shown.
    """

    packets: int = 0
    decoded: int = 0
    corrupt: int = 0
    damaged: int = 0
    refused: int = 0
    stopped: str = ""
    end: int = 0
    start: int | None = None
    times: list[int | None] = field(default_factory=list)
    shape: tuple[int, int] = (0, 0)


def frames_in_order(video: Video, data: bytes, tally: Tally | None = None) -> Iterator[tuple[av.VideoFrame, int]]:
    """Yield each frame and how often it is shown (more than once only in AVI files).

    Packets that the decoder refuses are passed over and counted, as players do.

    Raises:
        ClipError: too many frames, their size changes, or it takes too long.
    """
    tally = tally or Tally()
    if video.format == "avi":
        packets = list(_packets(video, tally))
        ticks = avi.Ticks(video, packets, avi.trailing(data, video.stream.index))
        shown = ticks.repeated(_decoded(video, iter(packets), tally))
    else:
        shown = ((frame, 1) for frame in _decoded(video, _packets(video, tally), tally))
    count, most = 0, limits.chosen("frames", MAX_FRAMES)
    for frame, times in shown:
        count += times
        if count > most:
            cure = f"cut the video into clips, or {limits.raising('frames', 2 * most)}"
            raise ClipError(f"more than {most} frames; {cure}")
        yield frame, times


def _packets(video: Video, tally: Tally) -> Iterator[av.Packet]:
    """Yield the stream's packets that hold something; the decoder takes an empty one as the clip's end."""
    try:
        for packet in video.container.demux(video.stream):
            video.clock.check()
            if not packet.size:
                continue
            tally.packets += 1
            tally.times.append(None if packet.is_discard else packet.pts)
            tally.damaged += packet.is_corrupt
            time = packet.pts if packet.pts is not None else packet.dts
            if time is not None:
                tally.end = max(tally.end, time + (packet.duration or 0))
                tally.start = time if tally.start is None else min(tally.start, time)
            yield packet
    except av.FFmpegError as problem:
        tally.stopped = problem.strerror or str(problem)


def _decoded(video: Video, packets: Iterator[av.Packet], tally: Tally) -> Iterator[av.VideoFrame]:
    for packet in packets:
        yield from _frames_of(video, packet, tally)
    yield from _frames_of(video, None, tally)


def _frames_of(video: Video, packet: av.Packet | None, tally: Tally) -> Iterator[av.VideoFrame]:
    try:
        frames = video.context.decode(packet)
    except av.FFmpegError:
        tally.refused += 1
        tally.damaged += not (packet and packet.is_corrupt)
        return
    for frame in frames:
        tally.decoded += 1
        tally.corrupt += frame.is_corrupt
        shape = shown_shape(frame)
        if tally.decoded > 1 and shape != tally.shape:
            raise ClipError(f"frame size changes within the clip, from {_size(tally.shape)} to {_size(shape)}")
        tally.shape = shape
        video.clock.check()
        yield frame


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[1]}x{shape[0]}"
