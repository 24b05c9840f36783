"""Rows as they are predicted: csv and json lines one by one, each whole; json and the terminal's table at the end."""

import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from darkhar_cli import console
from darkhar_cli.files import disk
from darkhar_cli.files.tables import write_text
from darkhar_cli.names import printable_lines
from darkhar_cli.prediction.rows import FailedVideo, PredictedSpan, RowFormat
from darkhar_cli.prediction.timeline import Event, Events

Found = PredictedSpan | FailedVideo


class RowWriter(Protocol):
    """Whoever takes what is predicted."""

    def write(self, found: Found) -> None:
        """Take a row."""

    def close(self) -> None:
        """Take note that there are no more, or that the program is stopped."""


class Lines:
    """Text of whole lines, into a file or standard output; a program that is stopped leaves no half line."""

    def __init__(self, path: Path | None):
        self._path = path
        self._file = -1
        if path is not None:
            with disk.writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)

    def write(self, line: str) -> None:
        """Write a line in one go."""
        text = printable_lines(line) + "\n"
        if self._path is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        with disk.writing(self._path):
            left = text.encode("utf-8")
            while left:  # a disk takes a line at once but for signals and full ones
                left = left[os.write(self._file, left) :]

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class CsvWriter:
    """A line for each row, the columns' names first."""

    def __init__(self, rows: RowFormat, path: Path | None):
        self._rows, self._lines = rows, Lines(path)
        self._lines.write(_csv_line(rows.columns))

    def write(self, found: Found) -> None:
        """Write a row."""
        self._lines.write(_csv_line([str(value) for value in self._rows.row(found).values()]))

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def _csv_line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


class JsonLinesWriter:
    """An object for each row, one a line."""

    def __init__(self, rows: RowFormat, path: Path | None):
        self._rows, self._lines = rows, Lines(path)

    def write(self, found: Found) -> None:
        """Write a row."""
        self._lines.write(json.dumps(self._rows.entry(found), ensure_ascii=False))

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class JsonWriter:
    """One array of objects, written whole at the end."""

    def __init__(self, rows: RowFormat, path: Path | None):
        self._rows, self._path = rows, path
        self._entries: list[Any] = []

    def write(self, found: Found) -> None:
        """Keep a row."""
        self._entries.append(self._rows.entry(found))

    def close(self) -> None:
        """Write all rows."""
        text = json.dumps(self._entries, ensure_ascii=False, indent=1) + "\n"
        if self._path is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            write_text(self._path, text)


class TableWriter:
    """The terminal's table: the best classes of each video, the events of each that was predicted in windows."""

    def __init__(self, rows: RowFormat):
        self._rows = rows
        self._wholes: list[Found] = []
        self._events = Events(rows)
        self._found: list[Event] = []
        self._video = ""

    def write(self, found: Found) -> None:
        """Take a row."""
        if isinstance(found, FailedVideo) or not found.window:
            self._wholes.append(found)
            return
        self._video = found.video
        self._found += self._events.add(found)

    def close(self) -> None:
        """Print the tables."""
        from darkhar_cli.prediction import terminal

        self._found += self._events.end()
        if self._wholes:
            console.out.print(terminal.videos_table(self._wholes, self._rows))
        if self._found:
            console.out.print(terminal.events_table(self._found))


_WRITERS: dict[str, Callable[[RowFormat, Path | None], RowWriter]] = {
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
    "json": JsonWriter,
}


@contextlib.contextmanager
def writing(rows: RowFormat, form: str, output: Path | None) -> Iterator[list[RowWriter]]:
    """Yield who takes rows: the asked format, and the terminal's table where that goes to a file.

    Raises:
        FailedWork: the file cannot be written.
    """
    writers: list[RowWriter] = [] if form == "table" else [_WRITERS[form](rows, output)]
    if form == "table" or output is not None:
        writers.append(TableWriter(rows))
    try:
        yield writers
    finally:
        for writer in writers:
            writer.close()
