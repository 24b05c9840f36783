"""A clip's bytes from its file: a regular file, looked at once it is open, so that nothing is waited for."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from darkhar_cli.data.video import limits
from darkhar_cli.data.video.info import ClipError

_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def no_plain_file(mode: int) -> str:
    """Return what a path is that is no regular file (a named pipe, a socket, a device, a folder), or ''."""
    return "" if stat.S_ISREG(mode) else "a folder" if stat.S_ISDIR(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


def open_clip(path: str | Path) -> BinaryIO:
    """Open a clip's file to be read.

    Raises:
        ClipError: it is no regular file, or an empty one.
        OSError: it cannot be read.
    """
    # Opened without waiting for a named pipe; what was a file when it was listed may be another thing now.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    about = os.fstat(descriptor)
    what = no_plain_file(about.st_mode)
    if what or not about.st_size:
        os.close(descriptor)
        raise ClipError(f"{what}, not a video file" if what else "empty file")
    return os.fdopen(descriptor, "rb")


def read_clip(path: Path) -> bytes:
    """Return the bytes of a clip's file.

    Raises:
        ClipError: it is no regular file, an empty one, or larger than is allowed.
        OSError: it cannot be read.
    """
    with open_clip(path) as file:
        size, most = os.fstat(file.fileno()).st_size, limits.chosen("bytes", limits.MAX_BYTES)
        if size > most:
            raise ClipError(
                f"{size:,} bytes are more than the {most:,} allowed of a clip; cut the video into clips, or "
                f"{limits.raising('bytes', size)}"
            )
        return file.read()
