"""Whether a file is whole, by its container's own structure: what its headers announce against what is there.

Each walk goes from one box, element, tag or page to the next and checks whether the last of them fits into the file.
What no walk can see is a file cut exactly between two of them where nothing announces more: FLV tags, fragments of a
fragmented MP4, packs of a program stream. For raw streams see `ending`.
"""

from collections.abc import Callable

from darkhar_cli.data.video import ogg, plain, transport
from darkhar_cli.data.video.lengths import BROKEN, WHOLE, needs, number

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MP4_FILM = {b"moov", b"mdat"}
_MP4_BOXES = set(b"ftyp moov mdat moof mfra free skip wide uuid sidx ssix styp emsg prft pdin meta meco udta".split())
_AVI_UNKNOWN = (0, 0xFFFFFFFF)  # sizes in files written to a pipe


def missing(data: bytes, container: str) -> str | None:
    """Return what a file lacks, in words; `WHOLE` where it is whole, None where its container does not show it.

    Args:
        data: the file.
        container: FFmpeg's (first) name of its container.
    """
    walk = _WALKS.get(container)
    return walk(data) if walk else None


def sniffed(data: bytes) -> str:
    """Return the name of a container that its first bytes identify, or ''."""
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"skip", b"free"):
        return "mov"
    starts = {b"\x1a\x45\xdf\xa3": "matroska", b"RIFF": "avi", b"OggS": "ogg", b"FLV\1": "flv", b"DKIF": "ivf"}
    return "asf" if data.startswith(_ASF_HEADER) else starts.get(data[:4], "")


def asf_duration(data: bytes) -> float:
    """Return the seconds that an ASF file's header announces; 0 where it does not."""
    at = data.find(_ASF_PROPERTIES, 0, 1 << 16)
    if at < 0 or number(data, at + 88, 4, "little") & 1:  # a broadcast
        return 0.0
    return max(number(data, at + 64, 8, "little") / 1e7 - number(data, at + 80, 8, "little") / 1e3, 0.0)


def _mp4(data: bytes) -> str:
    """Walk the boxes of ISO/IEC 14496-12; bytes behind all of them that are no box do no harm."""
    at, seen = 0, set[bytes]()
    while at + 8 <= len(data):
        size, name = number(data, at, 4), data[at + 4 : at + 8]
        if size == 1:
            if at + 16 > len(data):
                return needs(data, at + 16)
            size = number(data, at + 8, 8)
        if size < 8:  # 0: up to the end of the file; else padding
            return WHOLE
        if at + size > len(data) and seen >= _MP4_FILM and name not in _MP4_BOXES:
            more = b"moof" in seen and data.find(b"moof", at) >= 0
            return f"{BROKEN} at byte {at:,} of {len(data):,}" if more else WHOLE
        seen.add(name)
        at += size
    rest = data[at:]
    if seen >= _MP4_FILM and rest and (b"moof" not in seen or rest[0] or not _begins_a_box(rest[4:])):
        return WHOLE
    return needs(data, at if at > len(data) or not any(rest) else at + 8)


def _begins_a_box(name: bytes) -> bool:
    return any(box.startswith(name) for box in _MP4_BOXES)


def _matroska(data: bytes) -> str | None:
    """Walk the elements of RFC 8794, into segments and clusters."""
    at, sized, end = 0, False, len(data)  # sized: a segment gives its size, and it fits
    while at < end:
        if not data[at]:
            return f"{BROKEN} at byte {at:,} of {len(data):,}" if sized else None
        width = 9 - data[at].bit_length()
        name, at = number(data, at, width), at + width
        if at >= len(data) or not data[at]:
            return needs(data, at + 1) if at >= len(data) else None
        length = 9 - data[at].bit_length()
        size = number(data, at, length) & ((1 << 7 * length) - 1)
        at += length
        unknown = size == (1 << 7 * length) - 1
        if at > len(data) or (not unknown and at + size > len(data)):
            return f"{BROKEN} at byte {at:,} of {len(data):,}" if sized else needs(data, at if unknown else at + size)
        if name == _SEGMENT and not unknown:
            sized, end = True, at + size
        if name not in (_SEGMENT, _CLUSTER) and not unknown:
            at += size
    return WHOLE if sized else None


def _asf(data: bytes) -> str | None:
    """Walk the top-level objects up to the end of the data; a live stream's data object has no size."""
    at = 0
    if not data.startswith(_ASF_HEADER):
        return None
    while at + 24 <= len(data):
        size, is_data = number(data, at + 16, 8, "little"), data.startswith(_ASF_DATA, at)
        if is_data and size <= 50:
            return _asf_packets(data, at + 50)
        if size < 24:
            return None
        at += size
        if is_data:
            return needs(data, at)  # indexes follow, or what is no part of it
    return needs(data, at if at >= len(data) else at + 24)


def _asf_packets(data: bytes, start: int) -> str | None:
    """Check whether a live stream ends with a whole packet; all are of one size."""
    at = data.find(_ASF_PROPERTIES, 0, start)
    size = number(data, at + 92, 4, "little") if at >= 0 else 0
    left = (len(data) - start) % size if size and len(data) > start else 0
    return needs(data, len(data) - left + size) if left and data[len(data) - left] == data[start] else None


def _flv(data: bytes) -> str:
    """Walk the tags; the back pointer after the last one may be missing."""
    at = number(data, 5, 4) + 4
    while at + 11 <= len(data) and data[at] & 0x1F in (8, 9, 18):
        at += 11 + number(data, at + 1, 3) + 4
    if at < len(data) and data[at] & 0x1F not in (8, 9, 18):
        return WHOLE  # what follows is no tag
    return needs(data, at - 4 if at > len(data) else at if at == len(data) or not any(data[at:]) else at + 11)


def _avi(data: bytes) -> str | None:
    """Walk the RIFF lists; some writers count their eight header bytes twice."""
    at = 0
    while data[at : at + 4] == b"RIFF":
        size = number(data, at + 4, 4, "little")
        if size in _AVI_UNKNOWN:
            return _avi_chunks(data, at + 12)
        at += 8 + size + size % 2
    return needs(data, at) if at > len(data) + 9 else WHOLE


def _avi_chunks(data: bytes, at: int) -> str | None:
    """Walk the chunks of an AVI file written to a pipe, whose lists have no sizes; its index ends it."""
    while at + 8 <= len(data):
        name, size = data[at : at + 4], number(data, at + 4, 4, "little")
        if not name.isalnum() and name != b"JUNK":
            return None
        if name == b"LIST" and (size in _AVI_UNKNOWN or data[at + 8 : at + 12] == b"movi"):
            at += 12
            continue
        at += 8 + size + size % 2
        if name == b"idx1" and at <= len(data) + 1:
            return WHOLE
    return needs(data, at if at > len(data) + 1 else at + 8) if at != len(data) else None


_WALKS: dict[str, Callable[[bytes], str | None]] = {
    "mov": _mp4,
    "matroska": _matroska,
    "asf": _asf,
    "flv": _flv,
    "avi": _avi,
    "ogg": ogg.missing,
    "mpegts": transport.transport,
    "mpeg": transport.program,
    "ivf": plain.ivf,
    "gif": plain.gif,
    "mjpeg": plain.jpegs,
    "apng": plain.apng,
    "yuv4mpegpipe": plain.y4m,
    "dv": plain.dv,
    "mxf": plain.mxf,
}
