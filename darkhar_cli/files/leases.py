"""Claims where a file system has no locks: a file that only its maker could make, touched for as long as it holds.

Making a file that must not be there yet is one step on network file systems too. Whoever finds one that is there
watches it by a clock of its own, since clocks of machines differ: a claim that nobody has touched for a minute, or
whose process on this machine is gone, is free. Who holds a claim may in the end be wrong (a machine that slept); so
this is for work that is merely done twice then, and whose files are whole whoever renames them last.
"""

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from darkhar_cli.files import asides

_TOUCH_S = 10.0  # between two touches
_ABANDONED_S = 60.0  # without a touch
_now, _sleep = time.monotonic, time.sleep
_held: dict[str, "Lease"] = {}
_watched: dict[str, tuple[tuple[int, bytes], float]] = {}  # file -> how it looked, and since when
_lock = threading.Lock()
_toucher: threading.Thread | None = None


class Lease:
    """A claim that is held; another process sees that by the file's time."""

    def __init__(self, path: Path, text: bytes):
        self._path, self._text = path, text

    def release(self) -> None:
        """Let others have it; a second call does nothing."""
        with _lock:
            if _held.pop(str(self._path), None) is None:
                return
        with contextlib.suppress(OSError):
            if self._path.read_bytes() == self._text:  # nobody has taken it for abandoned
                self._path.unlink()

    def touch(self) -> None:
        """Show that it is held."""
        with contextlib.suppress(OSError):
            os.utime(self._path)


def take(path: Path) -> Lease | None:
    """Return the claim that a file stands for, or None while another has it; never waits.

    Raises:
        OSError: the folder cannot be written.
    """
    text = json.dumps({"machine": asides.machine(), "pid": os.getpid(), "word": uuid4().hex}).encode()
    if not _made(path, text) and not (_abandoned(path) and _taken_over(path) and _made(path, text)):
        return None
    lease = Lease(path, text)
    with _lock:
        _held[str(path)] = lease
        _watched.pop(str(path), None)
        _start_touching()
    return lease


def _made(path: Path, text: bytes) -> bool:
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    try:
        os.write(file, text)
    finally:
        os.close(file)
    return True


def _abandoned(path: Path) -> bool:
    """Whether nobody holds the claim any more, as far as can be seen."""
    try:
        looks = path.stat().st_mtime_ns, path.read_bytes()
    except OSError:
        return False  # given back just now
    about = _about(looks[1])
    if about.get("machine") == asides.machine():
        return not asides.alive(int(about.get("pid", 0)))
    before, since = _watched.get(str(path), (None, 0.0))
    if before != looks:
        _watched[str(path)] = looks, _now()
        return False
    return _now() - since > _ABANDONED_S


def _about(text: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        about = json.loads(text)
        return about if isinstance(about, dict) else {}
    return {}


def _taken_over(path: Path) -> bool:
    """Remove an abandoned file; one of several that would, by making another file first."""
    guard = path.with_name(f"{path.name}.taking")
    if not _made(guard, b""):
        if _abandoned(guard):
            guard.unlink(missing_ok=True)
        return False
    try:
        if not _abandoned(path):  # another one was faster
            return False
        path.unlink(missing_ok=True)
        return True
    finally:
        guard.unlink(missing_ok=True)


def _start_touching() -> None:
    global _toucher  # one thread for all claims of the process
    if _toucher is None or not _toucher.is_alive():
        _toucher = threading.Thread(target=_touch_all, daemon=True, name="darkhar leases")
        _toucher.start()


def _touch_all() -> None:
    while True:
        _sleep(_TOUCH_S)
        with _lock:
            held = list(_held.values())
        for lease in held:
            lease.touch()
