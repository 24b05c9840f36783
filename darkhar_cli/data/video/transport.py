"""Whether MPEG transport and program streams (ISO/IEC 13818-1) are whole, as far as their packets show.

They announce nothing. A file cut between two transport packets is found out where a sound's packet (PES) is not whole,
which gives its length, as those of pictures do not; else by the last picture (`ending`) or by a hole in the times.
"""

import itertools
from collections.abc import Sequence

from darkhar_cli.data.video.lengths import WHOLE, needs, number

_LOOKED_AT = 4000  # transport packets at the end
_EVEN = 0.1  # by what share of the step between two pictures even times differ
_FEWEST = 6  # pictures whose times show that they are even


def transport(data: bytes) -> str | None:
    """Count whole packets (188 bytes; 192 and 204 with what recorders add), and inspect the last ones."""
    for size, sync in ((188, 0), (192, 4), (204, 0)):
        count = (len(data) - sync) // size
        if count > 2 and all(data[sync + i * size] == 0x47 for i in range(min(count, 50))):
            left = len(data) % size
            if left and (left <= sync or data[len(data) - left + sync] == 0x47):
                return needs(data, len(data) - left + size)
            return "the last packet of a stream is not whole" if _unfinished(data, size, sync) else None
    return None


def _unfinished(data: bytes, size: int, sync: int) -> bool:
    """Return whether a stream's last PES packet is shorter than announced; pictures mostly announce none."""
    there: dict[int, int] = {}  # stream -> payload since its last packet began
    done: set[int] = set()
    count = len(data) // size
    for i in range(count - 1, max(count - _LOOKED_AT, 0) - 1, -1):
        at, end = i * size + sync, i * size + sync + 188
        stream = number(data, at + 1, 2) & 0x1FFF
        if data[at] != 0x47 or stream in done or stream == 0x1FFF or not data[at + 3] & 0x10:
            continue
        start = at + 5 + data[at + 4] if data[at + 3] & 0x20 else at + 4
        there[stream] = there.get(stream, 0) + max(end - start, 0)
        if data[at + 1] & 0x40:  # a packet begins here
            done.add(stream)
            length = number(data, start + 4, 2)
            if data[start : start + 3] == b"\0\0\1" and length and there[stream] < 6 + length:
                return True
    return False


def has_hole(times: Sequence[int | None]) -> bool:
    """Return whether pictures shown before the last one are missing: so ends a stream cut between two pictures.

    A picture is stored before those that are predicted from it and shown earlier. Where the times of all stored before
    the one shown last are even, and there is a hole behind them, some of those are missing. Where that picture is also
    the last stored, or comes later behind the one shown last before it than any other, there may be a pause instead,
    and no fault is reported.

    Args:
        times: when the packets' pictures are shown, as stored.
    """
    known = [time for time in times if time is not None]
    if len(known) < max(len(times), _FEWEST):
        return False
    latest = known.index(max(known))
    steps = _steps(known[:latest])
    if latest == len(known) - 1 or len(steps) < _FEWEST - 2:
        return False
    peaks = sorted(set(itertools.accumulate(known, max)))
    *before, last = _steps(peaks)
    if last > max(before, default=0) * (1 + _EVEN):
        return False
    step = sorted(steps)[len(steps) // 2]
    even = step > 0 and all(abs(other - step) <= _EVEN * step + 1 for other in steps)
    return even and any(other > 1.5 * step for other in _steps(known))


def _steps(times: Sequence[int]) -> list[int]:
    return [after - before for before, after in itertools.pairwise(sorted(times))]


def program(data: bytes) -> str | None:
    """Walk packs and packets of MPEG-1 and MPEG-2 program streams."""
    at = 0
    while at + 4 <= len(data):
        if data[at : at + 3] != b"\0\0\1" or data[at + 3] < 0xB9:
            return None  # padding, or what only a decoder can follow
        if data[at + 3] == 0xB9:
            return WHOLE
        if at + 14 > len(data):
            return needs(data, at + 14) if data[at + 3] == 0xBA or at + 6 > len(data) else None
        if data[at + 3] == 0xBA:
            at += 12 if data[at + 4] >> 4 == 2 else 14 + (data[at + 13] & 7)
        else:
            at += 6 + number(data, at + 4, 2)
    return needs(data, at if at >= len(data) else at + 4) or None
