"""Whether an Ogg file is whole and unharmed: RFC 3533 gives each page a checksum, a number and a mark at the end.

FFmpeg drops pages whose checksum is wrong and says nothing, so that frames are missing.
"""

from zlib import crc32

from darkhar_cli.data.video.lengths import BROKEN, WHOLE, needs

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ONES = 0xFFFFFFFF


def missing(data: bytes) -> str | None:
    """Walk the pages of RFC 3533; each logical stream has a page that ends it."""
    at, open_, damaged = 0, set(), WHOLE
    while data[at : at + 4] == b"OggS":
        segments = data[at + 27 : at + 27 + data[at + 26]] if at + 27 <= len(data) else b""
        size = 27 + len(segments) + sum(segments)
        if at + 27 > len(data) or len(segments) < data[at + 26] or at + size > len(data):
            return damaged or needs(data, max(at + size, len(data) + 1))
        if not damaged and checksum(data[at : at + size]) != int.from_bytes(data[at + 22 : at + 26], "little"):
            damaged = f"{BROKEN} at byte {at:,} of {len(data):,}: the checksum of a page is wrong"
        serial = data[at + 14 : at + 18]
        open_.discard(serial) if data[at + 5] & 4 else open_.add(serial)
        at += size
    if damaged:
        return damaged
    if at < len(data) and open_:
        if len(data) - at < 4:
            return needs(data, at + 27)
        again = data.find(b"OggS", at)
        return f"{BROKEN} at byte {at:,} of {len(data):,}" if again > 0 else None
    return "the page that ends the stream is not there" if open_ else WHOLE


def checksum(page: bytes) -> int:
    """Return the CRC-32 of a page (polynomial 0x04c11db7, neither mirrored nor inverted; its own field as zeros).

    zlib's is that of mirrored bits, inverted before and after.
    """
    bare = (page[:22] + bytes(4) + page[26:]).translate(_MIRRORED)
    return int(f"{crc32(bare, _ONES) ^ _ONES:032b}"[::-1], 2)
