"""Whether a file is whole, by its container's own structure: what its headers announce against what is there.

Each walk goes from one box, element, tag or page to the next and looks whether the last of them fits into the file.
What no walk can see is a file cut exactly between two of them where nothing announces more: FLV tags, fragments of a
fragmented MP4, transport packets, packs of a program stream. For raw streams see `ending`.
"""

from collections.abc import Callable

WHOLE = ""
BROKEN = "its structure breaks"  # how the words begin where nothing is missing at the end
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def missing(data: bytes, container: str) -> str | None:
    """Return what a file lacks, in words; `WHOLE` where it is whole, None where its container cannot tell.

    Args:
        data: the file.
        container: FFmpeg's (first) name of its container.
    """
    walk = _WALKS.get(container)
    return walk(data) if walk else None


def sniffed(data: bytes) -> str:
    """Return the name of a container that says at its start what it is, or ''."""
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"):
        return "mov"
    starts = {b"\x1a\x45\xdf\xa3": "matroska", b"RIFF": "avi", b"OggS": "ogg", b"FLV\1": "flv", b"DKIF": "ivf"}
    return "asf" if data.startswith(_ASF_HEADER) else starts.get(data[:4], "")


def asf_duration(data: bytes) -> float:
    """Return the seconds that an ASF file's header announces; 0 where it does not."""
    at = data.find(_ASF_PROPERTIES, 0, 1 << 16)
    if at < 0 or _number(data, at + 88, 4, "little") & 1:  # a broadcast
        return 0.0
    return max(_number(data, at + 64, 8, "little") / 1e7 - _number(data, at + 80, 8, "little") / 1e3, 0.0)


def _needs(data: bytes, size: int) -> str:
    return f"{len(data):,} of at least {size:,} bytes are there" if size > len(data) else WHOLE


def _number(data: bytes, at: int, size: int, order: str = "big") -> int:
    return int.from_bytes(data[at : at + size], order)


def _mp4(data: bytes) -> str:
    """Walk the boxes of ISO/IEC 14496-12."""
    at = 0
    while at + 8 <= len(data):
        size = _number(data, at, 4)
        if size == 1:
            size = _number(data, at + 8, 8)
        if size < 8:  # 0: up to the end of the file; else padding
            return WHOLE
        at += size
    return _needs(data, at if at > len(data) or not any(data[at:]) else at + 8)


def _matroska(data: bytes) -> str | None:
    """Walk the elements of RFC 8794, into segments and clusters."""
    at, told, end = 0, False, len(data)  # told: a segment gives its size, and it fits
    while at < end:
        if not data[at]:
            return f"{BROKEN} at byte {at:,} of {len(data):,}" if told else None
        width = 9 - data[at].bit_length()
        name, at = _number(data, at, width), at + width
        if at >= len(data) or not data[at]:
            return _needs(data, at + 1) if at >= len(data) else None
        length = 9 - data[at].bit_length()
        size = _number(data, at, length) & ((1 << 7 * length) - 1)
        at += length
        unknown = size == (1 << 7 * length) - 1
        if at > len(data) or (not unknown and at + size > len(data)):
            return f"{BROKEN} at byte {at:,} of {len(data):,}" if told else _needs(data, at if unknown else at + size)
        if name == _SEGMENT and not unknown:
            told, end = True, at + size
        if name not in (_SEGMENT, _CLUSTER) and not unknown:
            at += size
    return WHOLE if told else None


def _asf(data: bytes) -> str | None:
    """Walk the top-level objects; a live stream's data object has no size."""
    at = 0
    if not data.startswith(_ASF_HEADER):
        return None
    while at + 24 <= len(data):
        size = _number(data, at + 16, 8, "little")
        if size < 24 or (data[at : at + 16] == _ASF_DATA and size <= 50):
            return None
        at += size
    return _needs(data, at if at > len(data) or at == len(data) else at + 24)


def _flv(data: bytes) -> str:
    """Walk the tags; the back pointer after the last one may be missing."""
    at = _number(data, 5, 4) + 4
    while at + 11 <= len(data) and data[at] & 0x1F in (8, 9, 18):
        at += 11 + _number(data, at + 1, 3) + 4
    return _needs(data, at - 4 if at > len(data) else at if at == len(data) or not any(data[at:]) else at + 11)


def _ogg(data: bytes) -> str | None:
    """Walk the pages of RFC 3533; each logical stream has a page that ends it."""
    at, open_ = 0, set()
    while data[at : at + 4] == b"OggS":
        segments = data[at + 27 : at + 27 + data[at + 26]] if at + 27 <= len(data) else b""
        size = 27 + len(segments) + sum(segments)
        if at + 27 > len(data) or len(segments) < data[at + 26] or at + size > len(data):
            return _needs(data, max(at + size, len(data) + 1))
        serial = data[at + 14 : at + 18]
        open_.discard(serial) if data[at + 5] & 4 else open_.add(serial)
        at += size
    if at < len(data):
        return _needs(data, at + 27) if len(data) - at < 4 else None
    return "the page that ends the stream is not there" if open_ else WHOLE


def _transport(data: bytes) -> str | None:
    """Count whole packets of ISO/IEC 13818-1 (188 bytes; 192 and 204 with what recorders add)."""
    for size, sync in ((188, 0), (192, 4), (204, 0)):
        count = (len(data) - sync) // size
        if count > 2 and all(data[sync + i * size] == 0x47 for i in range(min(count, 50))):
            left = len(data) % size
            cut = left and (left <= sync or data[len(data) - left + sync] == 0x47)
            return _needs(data, len(data) - left + size) if cut else None
    return None


def _program(data: bytes) -> str | None:
    """Walk packs and packets of MPEG-1 and MPEG-2 program streams."""
    at = 0
    while at + 4 <= len(data):
        if data[at : at + 3] != b"\0\0\1" or data[at + 3] < 0xB9:
            return None  # padding, or what only a decoder can follow
        if data[at + 3] == 0xB9:
            return WHOLE
        if at + 14 > len(data):
            return _needs(data, at + 14) if data[at + 3] == 0xBA or at + 6 > len(data) else None
        if data[at + 3] == 0xBA:
            at += 12 if data[at + 4] >> 4 == 2 else 14 + (data[at + 13] & 7)
        else:
            at += 6 + _number(data, at + 4, 2)
    return _needs(data, at if at >= len(data) else at + 4) or None


def _ivf(data: bytes) -> str:
    """Count the frames that the header announces."""
    at, count, announced = _number(data, 6, 2, "little"), 0, _number(data, 24, 4, "little")
    while at + 12 <= len(data):
        at, count = at + 12 + _number(data, at, 4, "little"), count + 1
    if at != len(data):
        return _needs(data, max(at, len(data) + 1))
    return f"{count} of {announced} frames are there" if count < announced else WHOLE


def _gif(data: bytes) -> str:
    return WHOLE if data.rstrip(b"\0").endswith(b";") else "the trailer is not there"


def _jpegs(data: bytes) -> str:
    return WHOLE if data.rstrip(b"\0\r\n").endswith(b"\xff\xd9") else "the last picture has no end"


def _avi(data: bytes) -> str | None:
    """Walk the RIFF lists; some writers count their eight header bytes twice."""
    at = 0
    while data[at : at + 4] == b"RIFF":
        size = _number(data, at + 4, 4, "little")
        if size in (0, 0xFFFFFFFF):
            return None
        at += 8 + size + size % 2
    return _needs(data, at) if at > len(data) + 9 else WHOLE


_WALKS: dict[str, Callable[[bytes], str | None]] = {
    "mov": _mp4,
    "matroska": _matroska,
    "asf": _asf,
    "flv": _flv,
    "ogg": _ogg,
    "mpegts": _transport,
    "mpeg": _program,
    "ivf": _ivf,
    "gif": _gif,
    "mjpeg": _jpegs,
    "avi": _avi,
}
