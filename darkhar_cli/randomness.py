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


def bits(xp: Any, key: Any, index: Any) -> Any:
    """Return 32 random bits (uint32) for each index, drawn by `key` (uint32 scalar)."""
    if xp is np:
        index, key = np.asarray(index).astype("uint32"), np.uint32(key)
    else:
        index, key = xp.cast(index, "uint32"), xp.cast(key, "uint32")
    return mix(xp, xp.bitwise_xor(index, mix(xp, key)))


def randint(xp: Any, key: Any, index: Any, n: Any) -> Any:
    """Return an int64 from 0 to `n` - 1 for each index, drawn by `key`; `n` (1 to 2**31 - 1) may be one for each.

    Source: Lemire, Fast random integer generation in an interval (2019), without the rejection: the counts of two
    values among all 2**32 differ by one at most.
    """
    if xp is np:
        return np.right_shift(bits(np, key, index).astype("int64") * np.asarray(n).astype("int64"), 32)
    return xp.right_shift(xp.cast(bits(xp, key, index), "int64") * xp.cast(n, "int64"), 32)


def uniform(xp: Any, key: Any, index: Any) -> Any:
    """Return a float32 in [0, 1) for each index, drawn by `key`: a whole number of 2**-24, so exact everywhere."""
    whole = xp.right_shift(bits(xp, key, index), _u32(xp, 8))
    if xp is np:
        return np.asarray(whole).astype("float32") * np.float32(2**-24)
    return xp.cast(xp.cast(whole, "int32"), "float32") * 2**-24


def order(xp: Any, key: Any, n: Any) -> Any:
    """Return a permutation of `0..n-1` (int) drawn by `key` (uint32 scalar)."""
    return xp.argsort(bits(xp, key, xp.arange(n, dtype="int32")))  # TensorFlow has no unsigned range


def spread_evenly(seed: int, epoch: int, names: list[str], classes: list[int]) -> list[int]:
    """Return the indices of `names` in a drawn order in which any stretch has the classes in their shares.

    Each class's clips, in an order drawn by their names' hashes, stand at even distances: a stretch of n clips has
    n x a class's share of it, give or take less than two; of classes of one size, every K in turn are one of each.
    """
    places: list[tuple[float, int, int]] = []
    for label in sorted(set(classes)):
        ours = [i for i, one in enumerate(classes) if one == label]
        order = shuffled(seed, epoch, [names[i] for i in ours])
        for turn, i in enumerate(order):
            places.append(((turn + 0.5) / len(ours), key_of(seed, epoch, f"class/{label}/{turn}"), ours[i]))
    return [i for *_, i in sorted(places)]


def shuffled(seed: int, epoch: int, names: list[str]) -> list[int]:
    """Return the indices of `names` in an order drawn by the names' own hashes, whatever order they came in."""
    return sorted(range(len(names)), key=lambda i: (key_of(seed, epoch, f"order/{names[i]}"), names[i]))
