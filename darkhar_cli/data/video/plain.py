"""Whether simple containers are whole: those that are pictures, frames or blocks one behind the other."""

import math
import re

from darkhar_cli.data.video.lengths import WHOLE, needs, number

_UNKNOWN_FRAMES = (0, 0xFFFFFFFF)  # what an IVF header written to a pipe announces
_SAMPLES = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1), "410": (4, 4)}  # pixels for a chroma sample
_DV = bytes.fromhex("1f0700")  # how a frame begins
_KLV = bytes.fromhex("060e2b34")
_PARTITION = bytes.fromhex("060e2b34020501010d01020101")


def _ivf_frames(data: bytes) -> tuple[int, int]:
    """Return where the last whole frame ends, and how many there are."""
    at, count = number(data, 6, 2, "little"), 0
    while at + 12 <= len(data) and at + 12 + number(data, at, 4, "little") <= len(data):
        at, count = at + 12 + number(data, at, 4, "little"), count + 1
    return at, count


def without_rest(data: bytes) -> bytes:
    """Return a file without what is behind its last frame, where its demuxer would take that for one more."""
    if data.startswith(b"DKIF") and ivf(data) == WHOLE:
        return data[: _ivf_frames(data)[0]]
    if data.startswith(b"YUV4MPEG2 ") and y4m(data) == WHOLE:
        return data[: _y4m_end(data)[0]]
    if data.startswith(_DV) and dv(data) is None:
        return data[: len(data) - len(data) % _dv_frame(data)]
    return data


def ivf(data: bytes) -> str | None:
    """Count the frames that the header announces; what is behind them does not matter."""
    (at, count), announced = _ivf_frames(data), ivf_announced(data)
    if announced is not None and count >= announced:
        return WHOLE
    if at != len(data):
        return needs(data, at + 12 + (number(data, at, 4, "little") if at + 12 <= len(data) else 0))
    return None if announced is None else f"{count} of {announced} frames are there"


def ivf_announced(data: bytes) -> int | None:
    """Return how many frames an IVF header announces; None where it was written before that was known."""
    announced = number(data, 24, 4, "little")
    return None if announced in _UNKNOWN_FRAMES else announced


def gif(data: bytes) -> str:
    """Walk the blocks up to the trailer."""
    at = 13 + _colours(data, 10)
    while at < len(data) and data[at] in (0, 0x21, 0x2C, 0x3B):
        if data[at] == 0x3B:
            return WHOLE
        if data[at]:
            at = _behind_blocks(data, at + 2 if data[at] == 0x21 else at + 11 + _colours(data, at + 9))
        else:
            at += 1  # padding
    return WHOLE if data.rstrip(b"\0").endswith(b";") else "the trailer is not there"


def _colours(data: bytes, at: int) -> int:
    """Return the bytes of the colour table that a GIF's flags announce."""
    return 3 << (data[at] & 7) + 1 if at < len(data) and data[at] & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def jpegs(data: bytes) -> str:
    """Check whether another picture begins behind the end of the last whole one."""
    behind = data[data.rfind(b"\xff\xd9") + 2 :] if b"\xff\xd9" in data else data
    return "the last picture has no end" if b"\xff\xd8" in behind or behind.rstrip(b"\0\r\n") == b"\xff" else WHOLE


def several_jpegs(data: bytes) -> bool:
    """Say whether JPEG pictures follow each other, as in motion JPEG without a container."""
    return data.startswith(b"\xff\xd8\xff") and re.search(rb"\xff\xd9[\0\r\n]*\xff\xd8\xff", data) is not None


def apng(data: bytes) -> str:
    """Walk the chunks of a PNG up to the one that ends it."""
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + number(data, at, 4)
        if data[at + 4 : at + 8] == b"IEND":
            return WHOLE
        at = end
    return needs(data, max(at + 12, len(data) + 1))


def y4m(data: bytes) -> str | None:
    """Count frames of the size that the first line gives."""
    at, wanted = _y4m_end(data)
    if not at:
        return None
    rest = data[at : at + 5]
    return needs(data, wanted) if rest and b"FRAME".startswith(rest) else WHOLE


def _y4m_end(data: bytes) -> tuple[int, int]:
    """Return where the last whole frame ends, and where one more would; zeros where frames are of unknown size."""
    line = data[: data.find(b"\n", 0, 4096)].decode("latin1")
    size, at = _y4m_frame(line), len(line) + 1
    if not size:
        return 0, 0
    while data.startswith(b"FRAME", at):
        start = data.find(b"\n", at, at + 4096) + 1
        if not start or start + size > len(data):
            return at, (start or at + 6) + size
        at = start + size
    return at, at + 6 + size


def _y4m_frame(line: str) -> int:
    """Return the bytes of a frame as the first line describes it; 0 where it does not."""
    words = {word[0]: word[1:] for word in line.split()[:0:-1]}  # the first of its letter counts
    known = re.fullmatch(r"(mono|4\d\d)(alpha|jpeg|mpeg2|paldv)?(?:p?(\d+))?", words.get("C", "420"))
    if not known or not words.get("W", "").isdecimal() or not words.get("H", "").isdecimal():
        return 0
    width, height = int(words["W"]), int(words["H"])
    samples = width * height * (2 if known[2] == "alpha" else 1)
    if known[1] != "mono":
        if known[1] not in _SAMPLES:
            return 0
        across, down = _SAMPLES[known[1]]
        samples += 2 * math.ceil(width / across) * math.ceil(height / down)
    return samples * (2 if known[3] else 1)


def dv(data: bytes) -> str | None:
    """Check whether a frame that begins is whole."""
    left = len(data) % _dv_frame(data)
    begun = data[len(data) - left :][: len(_DV)]
    return needs(data, len(data) - left + _dv_frame(data)) if begun and data.startswith(begun) else None


def _dv_frame(data: bytes) -> int:
    """Return a DV frame's bytes: for 60 fields a second, or for 50."""
    return 144_000 if len(data) > 3 and data[3] & 0x80 else 120_000


def mxf(data: bytes) -> str | None:
    """Walk the keys and lengths of SMPTE 336M up to the footer partition of SMPTE 377."""
    at = first = data.find(_PARTITION, 0, 1 << 16)
    if first < 0:
        return None
    footer = number(data, first + 17 + (data[first + 16] & 0x7F if data[first + 16] & 0x80 else 0) + 24, 8)
    while at + 17 <= len(data):
        if data[at : at + 4] != _KLV:
            return None
        width = data[at + 16] & 0x7F if data[at + 16] & 0x80 else 0
        size = number(data, at + 17, width) if width else data[at + 16]
        end = at + 17 + width + size
        if end > len(data):
            return needs(data, end)
        if data.startswith(_PARTITION + b"\4", at):
            return WHOLE
        at = end
    if at < len(data):
        return needs(data, at + 17)
    return needs(data, first + footer + 17) or None if footer else None
