"""Lists without a header: a path with a class number, as ARID, Dark-48, ELLAR, HMDB51 and UCF101 have them."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from darkhar_cli.data.label_formats.rows import Format, Line, Row
from darkhar_cli.names import printable

Fields = list[str]
_TYPES = {"int": re.compile(r"[+-]?\d+$"), "path": re.compile(r".*[\w)\]].*")}
_UCF = re.compile(r"(^|[\\/])v_\w+_g\d+_c\d+(\.\w+)?$")
_HMDB = re.compile(r"(.+)_test_split\d+$")
_HEADER = re.compile(r"videoid|classid|path|label|video", re.IGNORECASE)
_VIDEO = re.compile(r"\.\w{2,5}$")


def _is_int(text: str) -> bool:
    return bool(_TYPES["int"].match(text))


def _separator(lines: Sequence[Line]) -> str | None:
    """Return what stands between fields in every line: a tab, a comma, or spaces (None)."""
    for mark in ("\t", ","):
        if lines and all(mark in line for _, line in lines):
            return mark
    return None


def _split(line: str, separator: str | None, count: int) -> Fields:
    """Return the fields of a line; where spaces part them, those of the path belong to it."""
    if separator:
        return [field.strip() for field in line.split(separator)]
    return line.strip().rsplit(None, count - 1)


def _body(lines: Sequence[Line]) -> list[Line]:
    """Return the lines without a header that some copies of a list have."""
    first = re.split(r"[\t, ]+", lines[0][1].strip()) if lines else []
    named = bool(first) and all(_HEADER.fullmatch(word) for word in first)
    return list(lines[1:] if named else lines)


def _fits_fields(count: int, test: Callable[[Fields], bool]) -> Callable[[Path, Sequence[Line]], bool]:
    """Return whether nine of ten lines have so many fields, and pass a test."""

    def fits(path: Path, lines: Sequence[Line]) -> bool:
        body = _body(lines)
        separator = _separator(body)
        fields = [_split(line, separator, count) for _, line in body]
        good = sum(len(one) == count and test(one) for one in fields)
        return bool(body) and good >= 0.9 * len(body)

    return fits


def _reads(
    count: int, what: str, row: Callable[[int, Fields], Row | str]
) -> Callable[[Path, Sequence[Line]], tuple[list[Row], list[str]]]:
    """Return a reader of lines of so many fields; `row` makes a row of them, or a fault."""

    def read(path: Path, lines: Sequence[Line]) -> tuple[list[Row], list[str]]:
        rows, faults, body = list[Row](), list[str](), _body(lines)
        separator = _separator(body[:20])
        for number, line in body:
            fields = _split(line, separator, count)
            made = row(number, fields) if len(fields) == count and all(fields) else f"expected {what}"
            if isinstance(made, str):
                faults.append(f"line {number}: {made}, got '{printable(line.strip())[:120]}'")
            else:
                rows.append(made)
        return rows, faults

    return read


def _arid(line: int, fields: Fields) -> Row | str:
    _, number, path = fields
    return Row(line, path, number=int(number)) if _is_int(number) else "the class id is no number"


def _numbered(line: int, fields: Fields) -> Row | str:
    path, label = fields
    return Row(line, path, number=int(label)) if _is_int(label) else Row(line, path, label=label)


def _frames(line: int, fields: Fields) -> Row | str:
    path, _, number = fields
    return Row(line, path, number=int(number)) if _is_int(number) else "the class is no number"


def _read_ucf(path: Path, lines: Sequence[Line]) -> tuple[list[Row], list[str]]:
    """Training lists have a class number behind the path, test lists the class's folder alone."""
    rows, faults = list[Row](), list[str]()
    for number, line in lines:
        place, _, label = line.strip().partition(" ")
        folder = place.replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
        if not label and folder:
            rows.append(Row(number, place, label=folder))
        elif _is_int(label.strip()):
            rows.append(Row(number, place, number=int(label)))
        else:
            faults.append(
                f"line {number}: expected Class/v_Class_g01_c01.avi and a number, got '{printable(line.strip())[:120]}'"
            )
    return rows, faults


_PARTS = {"0": "unused", "1": "train", "2": "test"}


def _read_hmdb(path: Path, lines: Sequence[Line]) -> tuple[list[Row], list[str]]:
    """The file's name says the class; the number behind a clip is its part: 1 training, 2 test, 0 neither."""
    named = _HMDB.match(path.stem)
    label = named[1] if named else path.stem
    rows, faults = list[Row](), list[str]()
    for number, line in lines:
        place, _, part = line.strip().rpartition(" ")
        if part in _PARTS and place.strip():
            rows.append(Row(number, place.strip(), label=label, split=_PARTS[part]))
        else:
            faults.append(f"line {number}: expected a file and 0, 1 or 2, got '{printable(line.strip())[:120]}'")
    return rows, faults


def hmdb_title(name: str, label: str) -> str:
    """Return the title of the film that an HMDB51 clip is cut from: what stands before its class."""
    title, sign, _ = name.rpartition(f"_{label}_")
    return title if sign else ""


ARID = Format(
    "arid",
    "video id, class id and path, with tabs between",
    _fits_fields(3, lambda fields: _is_int(fields[0]) and _is_int(fields[1]) and not _is_int(fields[2])),
    _reads(3, "video id, class id and path", _arid),
    group=r"^([^/]+_\d+)_\d+(?:\.\w+)?$",  # Class_<recording>_<take>.avi
)
UCF101 = Format(
    "ucf101",
    "Class/v_Class_g01_c01.avi, with a class number in training lists",
    lambda path, lines: all(_UCF.search(line.strip().partition(" ")[0]) for _, line in lines),
    _read_ucf,
    group=r"^v_(\w+_g\d+)_c\d+",
)
HMDB51 = Format(
    "hmdb51",
    "a file and 1 (training), 2 (test) or 0 (neither), the class in the list's own name",
    lambda path, lines: (
        bool(_HMDB.match(path.stem)) and all(line.strip().rpartition(" ")[2] in _PARTS for _, line in lines)
    ),
    _read_hmdb,
)
FRAMES = Format(
    "frames",
    "path, number of frames and class number",
    _fits_fields(3, lambda fields: _is_int(fields[1]) and _is_int(fields[2]) and not _is_int(fields[0])),
    _reads(3, "path, number of frames and class number", _frames),
)
NUMBERED = Format(
    "list",
    "path and class number (or name)",
    _fits_fields(2, lambda fields: _is_int(fields[1]) or bool(_VIDEO.search(fields[0]))),
    _reads(2, "path and class", _numbered),
)
