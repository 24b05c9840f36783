"""Clips with bytes changed at random, the same for the same seed: what a hostile or a damaged file may hold."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from tests.helpers.generated_clips import encodable, encode

CONTAINERS = {  # container -> codecs, taken in turn
    "mp4": ("h264", "mpeg4", "hevc", "vp9"),
    "mov": ("mjpeg", "h264"),
    "matroska": ("h264", "vp8", "ffv1", "mpeg2video"),
    "webm": ("vp9", "vp8"),
    "avi": ("mpeg4", "mjpeg", "ffv1", "h264"),
    "flv": ("flv1", "h264"),
    "mpegts": ("h264", "mpeg2video", "hevc"),
    "mpeg": ("mpeg1video",),
    "asf": ("wmv2", "mpeg4"),
    "ogg": ("theora", "vp8"),
    "ivf": ("vp9", "vp8"),
    "gif": ("gif",),
    "nut": ("h264",),
    "h264": ("h264",),
}
_EDGES = (0, 1, 0x7F, 0x80, 0xFF)  # bytes that sizes and counts break at


@cache
def seed_clip(container: str, codec: str) -> bytes:
    """Return a whole clip of 8 small frames; x265 writes beyond its memory where they are 32 high."""
    return encode(container, codec, n=8)


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a clip with one to three changes: bytes, bits, numbers at their edges, parts lost, doubled or moved."""
    made = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        kind, size = int(rng.integers(0, 8)), len(made)
        if size < 8:
            break
        head = rng.random() < 0.5  # headers are where sizes stand
        at = int(rng.integers(0, min(size, 600) if head else size))
        length = int(rng.integers(1, max(2, min(64, size - at))))
        if kind == 0:
            for place in rng.integers(0, size, rng.integers(1, 9)):
                made[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            made[at : at + length] = rng.bytes(min(length, size - at))
        elif kind == 2:
            made[at] = int(rng.choice(_EDGES))
        elif kind == 3:  # a number of four bytes at an edge of its range
            made[at : at + 4] = int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0xFFFF])).to_bytes(4, "big")
        elif kind == 4:
            del made[at : at + length * int(rng.integers(1, 8))]
        elif kind == 5:
            made[at:at] = made[at : at + length * int(rng.integers(1, 8))]
        elif kind == 6:
            to = int(rng.integers(0, size))
            part = bytes(made[at : at + length])
            made[to : to + len(part)] = part
        else:
            del made[int(rng.integers(size // 8, size)) :]
    return bytes(made)


def mutated_clips(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of so many mutated clips, containers and codecs in turn."""
    pairs = [
        (container, codecs[turn % len(codecs)])
        for turn in range(4)
        for container, codecs in CONTAINERS.items()
        if encodable(codecs[turn % len(codecs)])
    ]
    for number in range(count):
        container, codec = pairs[number % len(pairs)]
        rng = np.random.default_rng([seed, number])
        yield f"{number}-{container}-{codec}", mutated(seed_clip(container, codec), rng)
