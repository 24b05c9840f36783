"""Whether a stream without headers (raw, in transport or program streams) breaks off within its last picture.

Such files announce nothing. What can be known: the last packet gives no picture; a start code with next to nothing
behind it; or the last picture changes when bytes are put behind it, which a decoder reads only where the picture's own
end is missing. A file cut between two pictures (or one or two bytes beside) passes for a shorter one, as do
MPEG-4 and VP8/9 pictures whose decoders do not notice.
"""

from collections.abc import Sequence
from typing import Any, cast

import av

from darkhar_cli.data.video.info import ClipError
from darkhar_cli.data.video.opening import open_video
from darkhar_cli.data.video.sparse import fingerprint

_DECODERS = ("h264", "hevc", "vvc")  # whose pictures end in a mark of their own, behind which nothing is read
_ALL_OR_NOTHING = (*_DECODERS, "mpeg1video", "mpeg2video")  # give a picture for each packet
_BEHIND = (bytes.fromhex("55aa93") * 20, bytes.fromhex("ff817e") * 20)
_SHORTEST = {"h264": 2, "hevc": 3}  # bytes of a unit of a raw stream that holds something
_ENDS = tuple(map(bytes.fromhex, ("0a", "0b", "4801", "4a01")))  # those that hold nothing: the stream's end
_LOOKED_AT = 4  # last pictures that are compared


def breaks_off(data: bytes, gave_all: bool) -> bool:
    """Say whether a clip's last picture is cut off; decodes it a few times.

    Args:
        data: the clip.
        gave_all: whether decoding gave a picture for each packet.
    """
    with open_video(data) as video:
        name, header = video.context.name, video.context.extradata or b""
        raw = video.format in _SHORTEST
    if raw and _ends_within_start(data, name):
        return True
    if not gave_all and name in _ALL_OR_NOTHING and len(_pictures(data)) == len(_pictures(data, without_last=True)):
        return True
    if name not in _DECODERS or header[:1] == b"\1":  # pictures that say their length do not end in a mark
        return False
    as_it_is = _pictures(data)[-_LOOKED_AT:]
    return any(_pictures(data, behind)[-_LOOKED_AT:] != as_it_is for behind in _BEHIND)


def only_its_end_is_damaged(data: bytes) -> bool:
    """Say whether a clip decodes without fault but for its last packet; decodes it again."""
    try:
        with open_video(data) as video:
            packets = [packet for packet in video.container.demux(video.stream) if packet.size]
            for packet in [*packets[:-1], None]:
                if (packet and packet.is_corrupt) or any(frame.is_corrupt for frame in video.context.decode(packet)):
                    return False
    except (av.FFmpegError, ClipError):
        return False
    return True


def _ends_within_start(data: bytes, name: str) -> bool:
    """Return whether a raw stream ends in a start code, or in one with next to nothing behind it."""
    tail = data[data.rfind(b"\0\0\1") + 3 :]
    zeros = len(tail) - len(tail.rstrip(b"\0"))
    return (len(tail) < _SHORTEST[name] and tail not in _ENDS) or 0 < zeros < 4  # more are padding


def _pictures(data: bytes, behind: bytes = b"", without_last: bool = False) -> Sequence[int]:
    """Return checksums of the pictures, with bytes put behind the last packet or without that packet."""
    fingerprints: list[int] = []
    try:
        with open_video(data) as video:
            packets = [packet for packet in video.container.demux(video.stream) if packet.size]
            last = packets.pop()
            if not without_last:
                longer = av.Packet(bytes(last) + behind)
                longer.pts, longer.dts, longer.time_base = last.pts, last.dts, last.time_base
                packets.append(cast(Any, longer))
            for packet in [*packets, None]:
                try:
                    fingerprints += [fingerprint(frame) for frame in video.context.decode(packet)]
                except av.FFmpegError:
                    fingerprints.append(-1)
    except (av.FFmpegError, ClipError, IndexError):
        return [-1]
    return fingerprints
