"""AVI runs at a constant rate: each chunk is one tick, and an empty one shows the last frame again.

Its packets carry decoding times alone, which FFmpeg passes off as presentation times; the k-th frame that comes out
is shown at the k-th of them. Copying streams into an AVI file may double its tick (60 Hz for 30 frames a second,
every other chunk empty), so frames are counted at the rate that FFmpeg finds in the times.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import av

from darkhar_cli.data.video.opening import Video


def rate(video: Video) -> Fraction:
    """Return the rate (frames per second) that an AVI file's frames are counted at."""
    return video.stream.guessed_rate or video.stream.average_rate or 1 / video.unit


class Ticks:
    """When frames are shown, in frames of the clip's rate from the first.

    Args:
        video: an AVI file.
        packets: all packets of its stream.
        trailing: empty chunks after the last frame.
    """

    def __init__(self, video: Video, packets: Sequence[av.Packet], trailing: int):
        self.times = sorted({packet.dts for packet in packets if packet.size and packet.dts is not None})
        self._in_order = not video.context.has_b_frames
        self._scale = video.unit * rate(video)
        places = [self._place(time) for time in self.times]
        if len(set(places)) < len(places) or len(places) < sum(packet.size > 0 for packet in packets):
            self._scale = Fraction(1)  # no such grid: count ticks
        self.end = self._place(self.times[-1] + 1 + trailing) if self.times else 0

    def _place(self, time: int) -> int:
        return round((time - self.times[0]) * self._scale)

    def repeated(self, frames: Iterable[av.VideoFrame]) -> Iterator[tuple[av.VideoFrame, int]]:
        """Yield each frame and how often it is shown."""
        held, shown, last = None, 0, None
        for number, frame in enumerate(frames):
            time = self._time(number, frame, last)
            place = max(self._place(time), shown + 1) if held else 0
            if held:
                yield held, place - shown
            held, shown, last = frame, place, time
        if held:
            yield held, max(self.end - shown, 1)

    def _time(self, number: int, frame: av.VideoFrame, last: int | None) -> int:
        earliest = self.times[0] if last is None else last + 1
        if self._in_order and frame.pts is not None and frame.pts >= earliest:
            return frame.pts
        return self.times[number] if number < len(self.times) else (last or 0) + 1


def trailing(data: bytes, stream: int) -> int:
    """Count the empty chunks that the index (idx1) of an AVI file lists after a stream's last frame."""
    at = data.rfind(b"idx1")
    if at < 0:
        return 0
    size, name, count = int.from_bytes(data[at + 4 : at + 8], "little"), b"%02d" % stream, 0
    for entry in range(at + 8, min(at + 8 + size, len(data)) - 15, 16):
        if data[entry : entry + 2] == name:
            count = 0 if any(data[entry + 12 : entry + 16]) else count + 1
    return count
