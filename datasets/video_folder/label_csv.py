"""A csv that lists clips: `path,label[,split,group]`, every fault named by its line."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from darkhar_cli.errors import BadRequest
from darkhar_cli.names import alike, printable

COLUMNS = ("path", "label", "split", "group")
_MOST = 10  # faults reported at once


@dataclass(frozen=True)
class Row:
    """One clip of the list; `group` is None where the list has no such column."""

    line: int
    path: str
    label: str
    split: str
    group: str | None


def read(path: Path) -> list[Row]:
    """Return the rows of a list; spaces around labels, splits and groups do not count.

    Raises:
        BadRequest: no such file, or no such list; names the line and what is wrong with it.
    """
    rows = _rows(path)
    if not rows:
        raise BadRequest(f"{path} is empty; expected a first line path,label[,split,group] and a line for each clip")
    (_, header), *rest = rows
    columns = _columns(path, header)
    rest = [(line, fields) for line, fields in rest if any(field.strip() for field in fields)]
    if not rest:
        raise BadRequest(f"{path} lists no clip: it has the line {','.join(header)!r} and no other")
    faults = [f"line {line}: {fault}" for line, fields in rest if (fault := _fault(fields, columns, len(header)))]
    if faults:
        raise BadRequest(f"{path}:{_listed(faults)}")
    return [_row(line, fields, columns) for line, fields in rest]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return each line's number and fields."""
    if not path.is_file():
        raise BadRequest(f"dataset.labels={path}: no such file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise BadRequest(f"dataset.labels={path} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise BadRequest(f"{path} is not UTF-8 text: {problem.reason}; save it as UTF-8") from problem
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadRequest(f"{path}, line {line}: a NUL character, which no path or label can hold")
    if "\n" not in text:
        text = text.replace("\r", "\n")  # lines as old Macintoshes end them
    reader, rows = csv.reader(io.StringIO(text, newline=""), strict=True), []
    try:
        for fields in reader:
            rows.append((reader.line_num, fields))
    except csv.Error as problem:
        hint = "; is a quotation mark left open?" if "unexpected end" in str(problem) else ""
        start = rows[-1][0] + 1 if rows and hint else reader.line_num
        raise BadRequest(f"{path}, line {start}: {problem}{hint}") from problem
    return rows


def _meant(name: str, names: list[str]) -> str:
    """Return which column of a header is to be called otherwise, where one seems to be meant."""
    same = next((column for column in names if alike(column) == name), None)
    if same is not None:
        hidden = "" if same.casefold() == name else ": it holds characters that cannot be seen, or other letters"
        return f"; write {name!r}, not {same!a}{hidden}"
    free = [column for column in names if column not in COLUMNS]
    close = get_close_matches(name, [column.casefold() for column in free], 1, 0.5)
    if not close:
        return f"; the column {name!r} is missing"
    return f"; write {name!r}, not {next(printable(column) for column in free if column.casefold() == close[0])!r}"


def refuse_twins(path: Path, rows: Sequence[tuple[Row, str]]) -> None:
    """Refuse a list in which a clip appears more than once.

    Args:
        path: of the list.
        rows: with the name of each row's clip.

    Raises:
        BadRequest: names the clips, their lines, and their labels where these differ.
    """
    lines: dict[str, list[Row]] = {}
    for row, clip in rows:
        lines.setdefault(clip, []).append(row)
    faults = [_twice(clip, found) for clip, found in lines.items() if len(found) > 1]
    if faults:
        raise BadRequest(f"{path}:{_listed(faults)}")


def _twice(clip: str, found: list[Row]) -> str:
    where = " and ".join(str(row.line) for row in found)
    times = "twice" if len(found) == 2 else f"{len(found)} times"
    labels = " and ".join(repr(printable(label)) for label in dict.fromkeys(row.label for row in found))
    several = len({row.label for row in found}) > 1
    what = f"with different labels, {labels}: keep the right one" if several else "with the same label: keep one"
    return f"lines {where}: {printable(clip)} is listed {times}, {what}"


def _listed(faults: list[str]) -> str:
    more = f"\n  ... and {len(faults) - _MOST} more" if len(faults) > _MOST else ""
    return "\n  " + "\n  ".join(faults[:_MOST]) + more


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Return the place of each column that counts."""
    names = [name.strip() for name in header]
    for name in ("path", "label"):
        if name not in names:
            other = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
            hint = f"; put commas between the columns, not {other!r}" if other else _meant(name, names)
            got = printable(",".join(names))
            raise BadRequest(f"{path}: expected columns path,label[,split,group], got {got}{hint}")
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if twice:
        raise BadRequest(f"{path}: the column {twice[0]!r} appears twice in its first line")
    return {name: names.index(name) for name in COLUMNS if name in names}


def _fault(fields: list[str], columns: dict[str, int], width: int) -> str:
    if any(field.strip() for field in fields[width:]):
        return f"{len(fields)} fields for {width} columns; put names that hold commas in quotation marks"
    for name in ("path", "label"):
        if columns[name] >= len(fields):
            return f"no {name}: {len(fields)} fields for {width} columns"
    return "" if fields[columns["path"]].strip() else "no path"


def _row(line: int, fields: list[str], columns: dict[str, int]) -> Row:
    values = {name: fields[place] if place < len(fields) else "" for name, place in columns.items()}
    group = values["group"].strip() if "group" in values else None
    return Row(line, values["path"], values["label"].strip(), values.get("split", "").strip(), group)
