"""Every random draw that decides data is an integer hash of (seed, epoch, clip, position).

A framework's own generator gives other values in eager mode and under XLA; 32-bit integer arithmetic gives
the same everywhere. Functions that take `xp` work on NumPy (`xp=numpy`) and in a graph (`xp=keras.ops`).
"""

import hashlib
from typing import Any

import numpy as np

SCORING = -1  # the epoch of every draw made for scoring


def key_of(seed: int, epoch: int, clip: str) -> int:
    """Return the 32-bit key of one clip's draws in one epoch (`SCORING` outside training).

    Args:
        seed: the run's seed.
        epoch: counted from 0, or `SCORING`.
        clip: the clip's content hash (or any string that names it).
    """
    digest = hashlib.blake2b(f"{seed}/{epoch}/{clip}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def mix(xp: Any, value: Any) -> Any:
    """Scramble uint32 values one to one (Wellons' `lowbias32` integer hash, github.com/skeeto/hash-prospector).

    Being a bijection, it never makes two positions equal, so an order by it has no ties.
    """
    value = xp.bitwise_xor(value, xp.right_shift(value, _u32(xp, 16)))
    value = xp.multiply(value, _u32(xp, 0x7FEB352D))
    value = xp.bitwise_xor(value, xp.right_shift(value, _u32(xp, 15)))
    value = xp.multiply(value, _u32(xp, 0x846CA68B))
    return xp.bitwise_xor(value, xp.right_shift(value, _u32(xp, 16)))


def _u32(xp: Any, number: int) -> Any:
    return np.uint32(number) if xp is np else xp.convert_to_tensor(number, dtype="uint32")


def order(xp: Any, key: Any, n: Any) -> Any:
    """Return a permutation of `0..n-1` (int) drawn by `key` (uint32 scalar)."""
    position = xp.arange(n, dtype="int32")  # TensorFlow has no unsigned range
    if xp is np:
        position, key = position.astype("uint32"), np.uint32(key)
    else:
        position, key = xp.cast(position, "uint32"), xp.cast(key, "uint32")
    return xp.argsort(mix(xp, xp.bitwise_xor(position, mix(xp, key))))


def shuffled(seed: int, epoch: int, names: list[str]) -> list[int]:
    """Return the indices of `names` in an order drawn by the names' own hashes, whatever order they came in."""
    return sorted(range(len(names)), key=lambda i: (key_of(seed, epoch, f"order/{names[i]}"), names[i]))
