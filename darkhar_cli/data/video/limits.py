"""What a clip may cost, so that a hostile or mistaken file cannot take the memory or the day.

`DARKHAR_LIMITS` sets them for every verb and all worker processes, as in `DARKHAR_LIMITS=pixels=33177600,seconds=60`.
"""

import os
import time
from functools import cache

from darkhar_cli.data.video.info import ClipError
from darkhar_cli.errors import BadRequest, unknown

VARIABLE = "DARKHAR_LIMITS"
# Of one clip: pixels of a frame, frames, seconds that one pass of decoding takes, bytes of its file.
NAMES = ("pixels", "frames", "seconds", "bytes")
MAX_SECONDS = 600
MAX_BYTES = 8 << 30
HIGHEST_RATE = 100_000  # frames a second that a clip can be said to have


def chosen(name: str, default: int) -> int:
    """Return one limit: what `DARKHAR_LIMITS` says, else the default.

    Raises:
        BadRequest: the variable is not what it should be.
    """
    return _parsed(os.environ.get(VARIABLE, "")).get(name, default)


def in_words() -> str:
    """Return the limits that are set, one text for the same ones; empty where none is.

    Raises:
        BadRequest: the variable is not what it should be.
    """
    return ",".join(f"{name}={value}" for name, value in sorted(_parsed(os.environ.get(VARIABLE, "")).items()))


def raising(name: str, value: int) -> str:
    """Return in words how a limit is raised."""
    return f"{VARIABLE}={name}={value} allows it"


@cache
def _parsed(text: str) -> dict[str, int]:
    found = {}
    for word in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = word.partition("=")
        if name not in NAMES:
            raise unknown(f"limit in {VARIABLE}", name, NAMES)
        if not value.isascii() or not value.isdigit() or not int(value):
            raise BadRequest(f"{VARIABLE}: {word}: give a whole number from 1, as in {name}=1000")
        found[name] = int(value)
    return found


class Clock:
    """How long decoding one clip may take, from now."""

    def __init__(self) -> None:
        self.seconds = chosen("seconds", MAX_SECONDS)
        self._end = time.monotonic() + self.seconds

    def check(self) -> None:
        """Go on, or refuse.

        Raises:
            ClipError: the time is over.
        """
        if time.monotonic() > self._end:
            raise ClipError(f"decoding takes longer than {self.seconds} s; {raising('seconds', 2 * self.seconds)}")
