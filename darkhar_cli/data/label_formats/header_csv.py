"""A csv that lists clips: `path,label[,split,group]`, every fault named by its line."""

import csv
import io
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from darkhar_cli.data.label_formats.rows import Format, Line, Row
from darkhar_cli.errors import BadRequest
from darkhar_cli.names import alike, printable

COLUMNS = ("path", "label", "split", "group")


def _fits(path: Path, lines: Sequence[Line]) -> bool:
    """Whether the first line names a column that it must have."""
    return bool({"path", "label"} & {name.strip().casefold() for name in lines[0][1].split(",")})


def _read(path: Path, lines: Sequence[Line]) -> tuple[list[Row], list[str]]:
    """Return the rows of a list; spaces around labels, splits and groups do not count."""
    rows = _rows(path, lines)
    if not rows:
        raise BadRequest(f"{path} is empty; expected a first line path,label[,split,group] and a line for each clip")
    (_, header), *rest = rows
    columns = _columns(path, header)
    rest = [(line, fields) for line, fields in rest if any(field.strip() for field in fields)]
    if not rest:
        raise BadRequest(f"{path} lists no clip: it has the line {','.join(header)!r} and no other")
    faults = [f"line {line}: {fault}" for line, fields in rest if (fault := _fault(fields, columns, len(header)))]
    return ([] if faults else [_row(line, fields, columns) for line, fields in rest]), faults


def _rows(path: Path, lines: Sequence[Line]) -> list[tuple[int, list[str]]]:
    """Return each line's number and fields."""
    return [(line, fields) for line, fields in records(path, lines) if fields]


def records(path: Path, lines: Sequence[Line]) -> list[tuple[int, list[str]]]:
    """Return the records of a csv, each with the number of its last line.

    Raises:
        BadRequest: a quotation mark that is left open, or stands where none can.
    """
    text, last = "", 0
    for number, line in lines:  # empty lines count, so that a record's line is that of the file
        text += "\n" * (number - last - 1) + line + "\n"
        last = number
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


HEADER_CSV = Format("csv", "a csv with the columns path,label[,split,group]", _fits, _read)
