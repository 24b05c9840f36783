"""Temporary names beside a file's or folder's place, and what dead processes left under such names.

A name says who writes there: machine, process and a word that no two processes share, so that neither equal process
numbers on a shared volume nor a number given out again confuse two writers.
"""

import contextlib
import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from darkhar_cli.files import disk

_SELF = uuid4().hex[:8]
_numbers = count()
_OTHER_MACHINE_S = 86400  # a name of another machine is left alone until nothing has been written there for so long
# .<name>.<machine>-<process>-<word>-<number>.part, then the file's own suffix where its writer wants one
_NAME = re.compile(r"\..+\.(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-(?P<word>[0-9a-f]{8})-\d+\.part(\.keras)?")
# Names that earlier versions gave: <fingerprint>.<pid>.part, .<name>.<pid>.part, .<pid>.<name>, part_<pid>_<name>.keras
_OLD = re.compile(r"(?:\.?[^.].*\.(?P<a>\d+)\.part|\.(?P<b>\d+)\.[^.].*|part_(?P<c>\d+)_.*\.keras)")


def machine() -> str:
    """Return a short word for this machine (a container counts as one)."""
    space = ""
    with contextlib.suppress(OSError):
        space = str(os.stat("/proc/self/ns/pid").st_ino)  # process numbers mean nothing in another
    return sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def beside(path: Path) -> Path:
    """Return a name in the same folder that nobody else uses; model files keep the suffix that Keras requires."""
    suffix = path.suffix if path.suffix == ".keras" else ""
    return path.with_name(f".{path.name}.{machine()}-{os.getpid()}-{_SELF}-{next(_numbers)}.part{suffix}")


def write_aside(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under a temporary name beside its place, then rename it: it is whole or not there.

    What is written reaches the disk before it has its name, so that a power cut leaves no empty file under it.

    Raises:
        FailedWork: it cannot be written; names the file, the reason and the room that is left.
    """
    with disk.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = beside(path)
        try:
            write(aside)
            disk.flush(aside)
            os.replace(aside, path)
        finally:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def _is_left(path: Path) -> bool:
    """Whether a path has a temporary name whose writer has ended."""
    made = _NAME.fullmatch(path.name)
    if made is None:
        old = _OLD.fullmatch(path.name)
        return old is not None and not alive(int(next(filter(None, old.groups()))))
    if made["word"] == _SELF and int(made["pid"]) == os.getpid():
        return False
    if made["machine"] != machine():
        return time.time() - _touched(path) > _OTHER_MACHINE_S
    return int(made["pid"]) == os.getpid() or not alive(int(made["pid"]))


def _touched(path: Path) -> float:
    """Return when something was last written to a file or below a folder."""
    times = [0.0]
    for one in (path, *path.rglob("*")):
        with contextlib.suppress(OSError):
            times.append(one.lstat().st_mtime)
    return max(times)


def leftovers(folder: Path, name: str = "", deep: bool = False) -> Iterator[Path]:
    """Go through what dead processes left in a folder (`deep`: and below), of all names or of one."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*") if deep else folder.iterdir()):
        if name in path.name and _is_left(path):
            yield path


def remove_leftovers(folder: Path, name: str = "", deep: bool = False) -> int:
    """Remove what dead processes left in a folder, never another living one's; return how much there was."""
    paths = list(leftovers(folder, name, deep))
    for path in paths:
        remove(path)
    return len(paths)


def remove(path: Path) -> None:
    """Remove a file or folder as far as that can be done."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
