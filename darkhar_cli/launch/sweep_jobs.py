"""Which folder each job of a sweep really used: each job says so itself, in whatever process it runs."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from darkhar_cli.errors import FailedWork
from darkhar_cli.files.asides import beside, write_aside

_VARIABLE = "DARKHAR_SWEEP_JOBS"  # where this sweep's jobs say it; launchers hand the environment on


def heading(number: int, count: int, varied: Mapping[str, str]) -> str:
    """Return the line before a job's own: `job 2 of 4: enhance=gamma`.

    Args:
        number: of the job, from 0.
        count: of jobs; 0 where a sweeper draws them.
        varied: what the sweep varies in it, key -> value as typed.
    """
    of = f" of {count}" if count else ""
    words = " ".join(f"{key}={value}" for key, value in varied.items())
    return f"job {number + 1}{of}" + (f": {words}" if words else "")


@contextlib.contextmanager
def recording(sweep: Path) -> Iterator[Callable[[], dict[int, Path]]]:
    """Let the jobs of a sweep say which folder they use; yield what returns these folders by job number."""
    place, before = beside(sweep / "jobs"), os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = str(place)
    try:
        yield lambda: {int(note.name): Path(note.read_text(encoding="utf-8")) for note in place.glob("[0-9]*")}
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


def record(number: int, folder: Path) -> None:
    """Say which folder a job uses, if its sweep wants to know."""
    place = os.environ.get(_VARIABLE)
    if place:
        with contextlib.suppress(FailedWork):  # no reason not to train; the sweep then takes the folder it expects
            write_aside(Path(place) / str(number), lambda aside: aside.write_text(str(folder), encoding="utf-8"))
