"""Which folders a request made: who started it from Python asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_folders: ContextVar[list[Path] | None] = ContextVar("folders", default=None)


@contextmanager
def collecting() -> Iterator[list[Path]]:
    """Yield a list that the folder of each run or sweep is added to."""
    folders: list[Path] = []
    token = _folders.set(folders)
    try:
        yield folders
    finally:
        _folders.reset(token)


def add(folder: Path) -> None:
    """Say that a run's or sweep's folder is in use."""
    folders = _folders.get()
    if folders is not None:
        folders.append(folder)
