"""What the walks through containers share: numbers in bytes, and the message for a file that is too short."""

from typing import Literal

WHOLE = ""
BROKEN = "its structure breaks"  # how the words begin where nothing is missing at the end


def needs(data: bytes, size: int) -> str:
    """Return what a file of at least `size` bytes lacks, in words; `WHOLE` where it is that long."""
    return f"{len(data):,} of at least {size:,} bytes are there" if size > len(data) else WHOLE


def number(data: bytes, at: int, size: int, order: Literal["big", "little"] = "big") -> int:
    """Return the unsigned integer of `size` bytes at a place; what is behind the end counts as absent digits."""
    return int.from_bytes(data[at : at + size], order)
