"""Expected failures: each is one clear message and an exit code, never a traceback."""

import difflib
from collections.abc import Iterable


class DarkharError(Exception):
    """An expected failure; `exit_code` is what the process returns."""

    exit_code = 1


class BadRequest(DarkharError):
    """What was asked for is wrong: a name, a value, a path (exit code 2).

    `place` is the dotted key of the configuration that is refused, where it is one.
    """

    exit_code = 2
    place = ""

    def at(self, place: str) -> "BadRequest":
        """Return this error with the key that is refused."""
        self.place = place
        return self


class FailedWork(DarkharError):
    """What was asked for is right, but could not be done (exit code 1)."""

    exit_code = 1


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the closest allowed word, or an empty string."""
    close = difflib.get_close_matches(str(given), [str(a) for a in allowed], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown(what: str, given: str, allowed: Iterable[str]) -> BadRequest:
    """Return the error for a word that does not exist: what was given, what exists, the nearest match."""
    allowed = sorted(str(a) for a in allowed)
    names = ", ".join(allowed) if allowed else "nothing"
    return BadRequest(f"unknown {what} {given!r}; choose from {names}{nearest(given, allowed)}")
