"""Reading some frames without decoding those that nothing is predicted from: same pixels, about half the time.

It works where each packet has a presentation time of its own, these order the frames as decoding does, nothing is
corrupt, and no frame's pixels change when others are skipped. `tried` finds that out by decoding a clip both ways;
the answer is kept with the prepared clip, and without it clips are decoded in order.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from zlib import crc32

import av
import numpy as np

from darkhar_cli.data.video.info import ClipError
from darkhar_cli.data.video.opening import Video, open_video

_DECODERS = ("h264", "hevc")  # that can skip frames nothing is predicted from
_CONTAINERS = ("mov", "matroska", "mpegts", "flv")  # with presentation times of their own
_STRICT = "crccheck+bitstream+buffer+explode"


def may_skip(video: Video) -> bool:
    """Return whether a clip's container and decoder allow frames to be skipped at all."""
    return video.context.name in _DECODERS and video.format in _CONTAINERS


def needed_frames(video: Video, wanted: Iterable[int], n_frames: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield (index, frame) of wanted frames; stops early where something is not as it was when it was tried."""
    if not may_skip(video):
        return
    try:
        packets = [packet for packet in video.container.demux(video.stream) if packet.size]
        index = _index([None if packet.is_discard else packet.pts for packet in packets])
        if len(index) != n_frames:
            return
        requested = set(wanted)
        for frame in _without_others(video, packets, {time for time, i in index.items() if i in requested}):
            if frame.is_corrupt or frame.pts not in index:
                return
            if index[frame.pts] in requested:
                yield index[frame.pts], frame
    except av.FFmpegError:
        return  # decoding in order says what is wrong


def _index(times: Sequence[int | None]) -> dict[int, int]:
    """Return each presentation time's place in order; nothing where a time is missing or appears twice."""
    known = [time for time in times if time is not None]
    if len(known) < len(times) or len(set(known)) != len(known):
        return {}
    return {time: i for i, time in enumerate(sorted(known))}


def _without_others(
    video: Video, packets: Iterable[av.Packet], needed: Collection[int | None]
) -> Iterator[av.VideoFrame]:
    """Decode the frames of these times and what is needed for them; others may come along."""
    for packet in packets:
        video.clock.check()
        video.context.skip_frame = "DEFAULT" if packet.pts in needed else "NONREF"
        yield from video.context.decode(packet)
    yield from video.context.decode(None)


def fingerprint(frame: av.VideoFrame) -> int:
    """Return a checksum of a frame's samples as stored."""
    wide = 2 if max(component.bits for component in frame.format.components) > 8 else 1
    value = 0
    for plane in frame.planes:
        lines = np.frombuffer(memoryview(plane), np.uint8)[: plane.height * plane.line_size].reshape(plane.height, -1)
        value = crc32(np.ascontiguousarray(lines[:, : plane.width * wide]).data, value)
    return value


def tried(data: bytes, times: Sequence[int | None], decoded: Mapping[int | None, int]) -> bool:
    """Decode a clip again with half of its spare frames skipped; return whether the others come out the same.

    Args:
        data: the clip.
        times: each packet's presentation time.
        decoded: presentation time -> checksum of the frames of a full decode, in the order they came out.
    """
    shown = list(_index(times))  # in order
    if not decoded or list(decoded) != shown:
        return False
    needed = {time for i, time in enumerate(decoded) if i * 2654435761 >> 7 & 1}
    seen = set()
    try:
        with open_video(data) as video:
            # What conceals damage takes it from the pictures decoded before: any fault that is noticed ends the trial.
            video.context.options = {**video.context.options, "err_detect": _STRICT}
            packets = [packet for packet in video.container.demux(video.stream) if packet.size]
            if video.context.name == "hevc" and not _one_layer(packets, video.context.extradata or b""):
                return False
            for frame in _without_others(video, packets, needed):
                if frame.is_corrupt or decoded.get(frame.pts) != fingerprint(frame):
                    return False
                seen.add(frame.pts)
    except (av.FFmpegError, ClipError):
        return False
    return needed <= seen


def _one_layer(packets: Iterable[av.Packet], header: bytes) -> bool:
    """Say whether HEVC pictures are all of temporal layer 0: higher ones may be predicted from spare pictures."""
    length = (header[21] & 3) + 1 if len(header) > 22 and header[0] == 1 else 0
    for packet in packets:
        data, at = bytes(packet), 0
        while 0 <= at < len(data):
            at = at + length if length else data.find(b"\0\0\1", at) + 3
            if (not length and at == 2) or at + 2 > len(data):
                break
            if data[at] >> 1 & 63 < 32 and data[at + 1] & 7 != 1:
                return False
            at += int.from_bytes(data[at - length : at], "big") if length else 2
    return True
