"""What every format of list gives: rows, and faults by their line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli.errors import BadRequest

MOST = 10  # faults reported at once


@dataclass(frozen=True)
class Row:
    """One clip of a list.

    Attributes:
        line: of the list, from 1.
        path: as the list gives it.
        label: the class's name, empty where the list has a number or nothing.
        number: the class's number; None where the list has a name or nothing.
        split: where a column says it.
        group: None where the list has no such column.
        names: further names that the clip's file may have, without a suffix.
    """

    line: int
    path: str
    label: str = ""
    split: str = ""
    group: str | None = None
    number: int | None = None
    names: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        return bool(self.label) or self.number is not None


Line = tuple[int, str]  # its number from 1, and its text without the line's end


@dataclass(frozen=True)
class Format:
    """A format of list.

    Attributes:
        name: what `dataset.format` takes.
        what: what a line holds, in words.
        fits: whether lines (not empty, the first 200 of the list) are of it; gets the list's path too.
        read: rows of the lines, and faults (each begins with its line's number); raises BadRequest where nothing can
            be read at all.
        group: regular expression on the file's name whose first bracket is the group, where names follow one.
    """

    name: str
    what: str
    fits: Callable[[Path, Sequence[Line]], bool]
    read: Callable[[Path, Sequence[Line]], tuple[list[Row], list[str]]]
    group: str = ""


def listed(faults: Sequence[str], most: int = MOST) -> str:
    """Return faults one below the other, the first of them where there are many."""
    more = f"\n  ... and {len(faults) - most} more" if len(faults) > most else ""
    return "\n  " + "\n  ".join(faults[:most]) + more


def text_of(path: Path, setting: str = "dataset.labels") -> str:
    """Return the text of a list: UTF-8 with or without a mark of byte order, lines ended in any system's way.

    Raises:
        BadRequest: no such file, not UTF-8, or with a character that no path or label can hold.
    """
    if not path.is_file():
        what = "a folder; give a file" if path.is_dir() else "no such file"
        raise BadRequest(f"{setting}={path}: {what}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise BadRequest(f"{setting}={path} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise BadRequest(f"{path} is not UTF-8 text: {problem.reason}; save it as UTF-8") from problem
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadRequest(f"{path}, line {line}: a NUL character, which no path or label can hold")
    return text if "\n" in text else text.replace("\r", "\n")  # lines as old Macintoshes end them


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text that hold something, with their numbers."""
    lines = ((number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, line) for number, line in lines if line.strip()]
