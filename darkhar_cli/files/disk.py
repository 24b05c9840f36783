"""The message where a file cannot be written: which, why, how much room its place has, and what helps."""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

from darkhar_cli.errors import FailedWork
from darkhar_cli.paths import home

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_FLUSHING = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EROFS, errno.EBADF)  # some file systems have none
_WORDS = re.compile(r"no space left on device|disk quota exceeded|errno = (28|122)\b", re.IGNORECASE)


def is_full(problem: BaseException) -> bool:
    """Whether an error says that a disk is full, be it by its number or, as native libraries do, in words."""
    if isinstance(problem, OSError) and problem.errno is not None:
        return problem.errno in _FULL
    return isinstance(problem, OSError | RuntimeError | ValueError) and bool(_WORDS.search(str(problem)))


def free(path: Path) -> str:
    """Return in words how much room is left where a path is, or an empty string where that is unknown."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            usage = shutil.disk_usage(place)
            return f"{usage.free / 1e6:,.0f} MB free of {usage.total / 1e6:,.0f} MB"
    return ""


def failure(path: Path, problem: BaseException, cure: str = "", what: str = "cannot write to") -> FailedWork:
    """Return the error for a place that cannot be written to: which, why, and what helps."""
    reason = getattr(problem, "strerror", None) or " ".join(str(problem).split())
    if is_full(problem):
        room = free(path)
        reason = f"no space left on device{f' ({room})' if room else ''}"
        cure = f"free some room there{f', or {cure}' if cure else ''}"
    return FailedWork(f"{what} {path}: {reason}{f'; {cure}' if cure else ''}")


@contextlib.contextmanager
def writing(path: Path, cure: str = "", what: str = "cannot write to") -> Iterator[None]:
    """Name the path in the error of a block that writes to it.

    Raises:
        FailedWork: it cannot be written to.
    """
    try:
        yield
    except FailedWork:
        raise
    except Exception as problem:
        if isinstance(problem, OSError) or is_full(problem):
            raise failure(path, problem, cure, what) from problem
        raise


def flush(path: Path) -> None:
    """Wait until a file, or every file of a folder, is on the disk.

    Raises:
        OSError: it cannot be read, or the disk refuses it.
    """
    for one in (path, *path.rglob("*")) if path.is_dir() else (path,):
        file = os.open(one, os.O_RDONLY)
        try:
            os.fsync(file)
        except OSError as problem:
            if problem.errno not in _NO_FLUSHING:
                raise
        finally:
            os.close(file)


def nameless(problem: BaseException) -> FailedWork:
    """Return the error for a full disk where only the library that met it knows the file: the places that may be."""
    named = getattr(problem, "filename", None)
    if named:
        return failure(Path(str(named)), problem)
    places = {"this folder": Path.cwd(), "prepared data and features": home(), "temporary files": Path(gettempdir())}
    rooms = "; ".join(f"{what} ({place}): {free(place)}" for what, place in places.items())
    return FailedWork(f"no space left on device; free some room where it is short: {rooms}")
