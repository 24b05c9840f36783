"""Files under a folder: each is listed, or excluded with a reason."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkhar_cli.errors import FailedWork
from darkhar_cli.names import printable

HIDDEN, HIDDEN_FOLDER, SYSTEM_FOLDER = "hidden file", "hidden folder", "folder of the system"
BROKEN_LINK, CIRCLE = "link to nothing", "link in a circle"
NO_FILE, UNREADABLE = "neither file nor folder", "unreadable"
_FOLDER, _FILE = "folder", "file"
_SYSTEM = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "#recycle", "#snapshot"}
_HIDDEN_ELSEWHERE = {"thumbs.db", "desktop.ini", "ehthumbs.db"}  # what Windows hides by an attribute


@dataclass(frozen=True)
class Excluded:
    """A file or folder under a data set's folder that is not used, and why."""

    path: str
    reason: str


@dataclass
class Listing:
    """The contents of a folder, links followed.

    Attributes:
        files: in order of their paths.
        folders: all of them, the top not included.
        excluded: what is neither, or is not to be used.
    """

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)


def list_folder(top: Path, strict: bool = True) -> Listing:
    """Return the contents of a folder; linked folders are followed, but never into one that holds the link.

    Args:
        top: the folder.
        strict: refuse folders that cannot be read, rather than list them as excluded.

    Raises:
        FailedWork: a folder cannot be read (named).
    """
    listing = Listing()
    _walk(top, top, (os.path.realpath(top),), listing, strict)
    listing.files.sort()
    listing.folders.sort()
    listing.excluded.sort(key=lambda one: one.path)
    return listing


def _walk(top: Path, folder: Path, above: tuple[str, ...], listing: Listing, strict: bool) -> None:
    """Add the contents of one folder; `above` are the real paths of it and its parent folders."""

    def leave(path: Path, reason: str) -> None:
        listing.excluded.append(Excluded(relative(path, top), reason))

    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as problem:
        if strict:
            raise _cannot_read(folder, problem) from problem
        return leave(folder, UNREADABLE)
    for entry in listed:
        path, kind = folder / entry.name, _kind_of(entry, strict)
        is_folder = kind == _FOLDER
        if entry.name.startswith(".") or entry.name.lower() in _HIDDEN_ELSEWHERE:
            leave(path, HIDDEN_FOLDER if is_folder else HIDDEN)
        elif is_folder and entry.name.lower() in _SYSTEM:
            leave(path, SYSTEM_FOLDER)
        elif is_folder:
            place = os.path.realpath(path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
            if place in above:
                leave(path, CIRCLE)
            else:
                listing.folders.append(path)
                _walk(top, path, (*above, place), listing, strict)
        elif kind == _FILE:
            listing.files.append(path)
        else:
            leave(path, kind)
    return None


def _kind_of(entry: os.DirEntry[str], strict: bool) -> str:
    """Return what an entry is, its link followed: a folder, a file, or the reason why it is neither."""
    try:
        if entry.is_dir():
            return _FOLDER
        if entry.is_file():
            return _FILE
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            return CIRCLE
        if strict:
            raise _cannot_read(Path(entry.path), problem) from problem
        return UNREADABLE
    return BROKEN_LINK if entry.is_symlink() else NO_FILE


def _cannot_read(place: Path, problem: OSError) -> FailedWork:
    why = problem.strerror or problem
    return FailedWork(f"cannot read {printable(str(place))}: {why}; make it readable, or move it out of the data set")


def relative(path: Path, top: Path) -> str:
    """Return a path's name in tables: relative to the top where it is inside, printable."""
    return printable(path.relative_to(top).as_posix() if path.is_relative_to(top) else path.as_posix())


def why_no_file(path: Path) -> str:
    """Return why there is no file to be read at a path, or an empty string where there is one."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return f"{BROKEN_LINK} ({printable(os.readlink(path))})" if path.is_symlink() else "no such file"
    except NotADirectoryError:
        return "no such file"
    except OSError as problem:  # permission denied, a name that is too long, links in a circle
        return problem.strerror or str(problem)
    return "" if stat.S_ISREG(mode) else "a folder" if stat.S_ISDIR(mode) else NO_FILE


def counted(reasons: Iterable[str]) -> str:
    """Return a text that counts the excluded files by reason, or an empty string."""
    counts = Counter(reasons).items()
    return ", ".join(f"{count} x {reason}" for reason, count in sorted(counts, key=lambda item: (-item[1], item[0])))


def not_videos(files: Sequence[Path], top: Path, suffixes: Iterable[str]) -> tuple[list[Path], list[Excluded]]:
    """Return the files with a video suffix, and the others as excluded."""
    known = set(suffixes)
    videos = [path for path in files if _plain_suffix(path) in known]
    others = [path for path in files if _plain_suffix(path) not in known]
    return videos, [Excluded(relative(path, top), f"no video ({_suffix(path)})") for path in others]


def _plain_suffix(path: Path) -> str:
    return path.suffix.strip().lower()  # as with folders, spaces at the end of a name do not count


def _suffix(path: Path) -> str:
    return printable(_plain_suffix(path)) or "no suffix"
