"""One process at a time on a run folder or a data set: the second waits and reports for whom.

A claim is a locked file beside what is claimed. The operating system takes the lock back when its process ends, however
it ends, so whoever waits goes on then. Where a file system has no locks, the name in the file decides: a process of
this machine that is gone has no claim any more; one of another machine keeps it until the file is removed.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from darkhar_cli import console
from darkhar_cli.errors import FailedWork
from darkhar_cli.files import asides, disk

Writing = Callable[[Path], contextlib.AbstractContextManager[None]]  # names a path in the error of what writes to it
_ASK_AGAIN_S = 0.2
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def held(
    file: Path, what: str, say: Callable[[str], None] = console.note, writing: Writing = disk.writing
) -> Iterator[None]:
    """Hold the claim that a file represents; while another process has it, report who that is and wait.

    Args:
        file: is made, and gone when the claim is given back.
        what: in words, for whoever waits.
        say: called once, in words, where there is a wait.
        writing: names the file in the error where it cannot be written.

    Raises:
        FailedWork: the file cannot be written, or a process on another machine has the claim and no lock shows when
            it ends.
    """
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    reported, lock = False, _take(file, writing)
    while lock is None:
        if not reported:
            say(f"{what} is in use by {_who(file)}: waiting until it is done (Ctrl-C stops waiting)")
            reported = True
        time.sleep(_ASK_AGAIN_S)
        lock = _take(file, writing)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
        os.close(lock)


def _take(file: Path, writing: Writing) -> int | None:
    """Return the locked file, or None while another process holds it."""
    with writing(file):
        lock = os.open(file, os.O_CREAT | os.O_RDWR, 0o666)
        taken = False
        try:
            taken = _lock(lock, file)
            if taken:
                os.truncate(lock, 0)
                os.pwrite(lock, json.dumps(_about()).encode(), 0)
        finally:
            if not taken:
                os.close(lock)
    return lock if taken else None


def _lock(lock: int, file: Path) -> bool:
    """Try to lock an open file; whether it is ours, and still the one under its name."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as problem:
        if problem.errno not in NO_LOCKS:
            raise
        return _free_by_name(file)
    with contextlib.suppress(FileNotFoundError):  # whoever held it has removed it meanwhile
        return os.path.samestat(os.fstat(lock), file.stat())
    return False


def _free_by_name(file: Path) -> bool:
    """Decide by the name in the file alone; who writes it last of several that start at once has the claim."""
    about = _read(file)
    here = about.get("machine") == asides.machine()
    if not about or (here and not asides.alive(int(about.get("pid", 0)))):
        ours = _about()
        file.write_text(json.dumps(ours))
        time.sleep(2 * _ASK_AGAIN_S)
        return _read(file) == ours
    if here:
        return False
    raise FailedWork(f"{file.parent} is in use by {_who(file)}; if that has ended, remove {file}")


def _about() -> dict[str, Any]:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "machine": asides.machine()}


def _read(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        about = json.loads(file.read_text())
        return about if isinstance(about, dict) else {}
    return {}


def _who(file: Path) -> str:
    about = _read(file)
    if not about:
        return "another process"
    return f"process {about.get('pid')} on {about.get('host')} since {about.get('since')}"
