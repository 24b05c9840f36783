"""Lists with a header of their own: UG2+ (`VideoID,Video,ClassID`) and Kinetics (`label,youtube_id,time_start,...`)."""

from collections.abc import Sequence
from pathlib import Path

from darkhar_cli.data.label_formats.header_csv import records
from darkhar_cli.data.label_formats.rows import Format, Line, Row


def _header(lines: Sequence[Line]) -> list[str]:
    return [name.strip().strip('"').casefold() for name in lines[0][1].split(",")] if lines else []


def _cells(path: Path, lines: Sequence[Line]) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Return the line and the named fields of each record, and faults."""
    names, found, faults = _header(lines), list[tuple[int, dict[str, str]]](), list[str]()
    for line, fields in records(path, lines)[1:]:
        if not any(fields):
            continue
        if len(fields) != len(names):
            faults.append(f"line {line}: {len(fields)} fields for {len(names)} columns ({','.join(names)})")
        else:
            found.append((line, dict(zip(names, map(str.strip, fields), strict=True))))
    return found, faults


def _read_ug2(path: Path, lines: Sequence[Line]) -> tuple[list[Row], list[str]]:
    cells, faults = _cells(path, lines)
    rows = list[Row]()
    for line, cell in cells:
        number = cell.get("classid", "")
        if not cell["video"]:
            faults.append(f"line {line}: no video")
        elif number and not number.lstrip("-").isdigit():
            faults.append(f"line {line}: the class id {number!r} is no number")
        elif "classid" in cell and not number:
            faults.append(f"line {line}: no class id")
        else:
            rows.append(Row(line, cell["video"], number=int(number) if number else None))
    return rows, faults


def _read_kinetics(path: Path, lines: Sequence[Line]) -> tuple[list[Row], list[str]]:
    """A clip's file is called after its video and seconds: `<id>_000012_000022`, `<id>_12_22` or `<id>`."""
    cells, faults = _cells(path, lines)
    rows = list[Row]()
    for line, cell in cells:
        name, start, end = cell["youtube_id"], cell.get("time_start", ""), cell.get("time_end", "")
        if not name:
            faults.append(f"line {line}: no youtube_id")
            continue
        if start and not (_is_time(start) and _is_time(end)):
            faults.append(f"line {line}: time_start {start!r} and time_end {end!r} are no seconds")
            continue
        names = [name]
        if start:
            first, last = int(float(start)), int(float(end))
            names = [f"{name}_{first:06d}_{last:06d}", f"{name}_{first}_{last}", name]
        rows.append(Row(line, names[0], cell.get("label", ""), cell.get("split", ""), name, names=tuple(names)))
    return rows, faults


def _is_time(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


UG2 = Format(
    "ug2",
    "a csv with the columns VideoID,Video[,ClassID]",
    lambda path, lines: {"videoid", "video"} <= set(_header(lines)),
    _read_ug2,
    group=r"^([^/]+_\d+)_\d+(?:\.\w+)?$",
)
KINETICS = Format(
    "kinetics",
    "a csv with the columns label,youtube_id,time_start,time_end,split",
    lambda path, lines: "youtube_id" in _header(lines),
    _read_kinetics,
)
