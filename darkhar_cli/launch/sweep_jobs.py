"""Which folder each job of a sweep really used: each job says so itself, in whatever process it runs."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from darkhar_cli.errors import FailedWork
from darkhar_cli.files.asides import beside, write_aside

_VARIABLE = "DARKHAR_SWEEP_JOBS"  # where this sweep's jobs say it; launchers hand the environment on


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
