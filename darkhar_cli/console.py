"""The one rich console: everything a user sees goes through here.

Results (tables) go to standard output, messages and progress to standard error. `--quiet` silences all but
results and errors; NO_COLOR and FORCE_COLOR are honoured by rich. No text is markup or an emoji's code (`[red]`,
`:cat:` are names like others): what is coloured is a `rich.text.Text`.
"""

import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from darkhar_cli.names import printable_lines

if TYPE_CHECKING:
    from rich.progress import Progress

out = Console(highlight=False, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
_state = {"quiet": False}


def accept_all_text() -> None:
    """Let standard output take what its encoding lacks, as `\\u...`, rather than end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def set_quiet(quiet: bool) -> None:
    """Silence notes and progress; results and errors stay."""
    _state["quiet"] = quiet


def is_quiet() -> bool:
    """Return whether notes and progress are silenced."""
    return _state["quiet"]


def say(text: str, style: str = "") -> None:
    """Print a sentence of a result: on a terminal its lines end between words, elsewhere it is one line."""
    out.print(text, style=style or None, soft_wrap=not out.is_terminal)


def note(message: str) -> None:
    """Print one plain line about what is going on."""
    if not _state["quiet"]:
        err.print(printable_lines(message))


def warn(message: str) -> None:
    """Print one line the user should not miss."""
    err.print(Text.assemble(("warning:", "yellow"), f" {printable_lines(message)}"))


def error(message: str) -> None:
    """Print an expected failure."""
    err.print(Text.assemble(("error:", "bold red"), f" {printable_lines(message)}"))


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Silence what libraries print to either stream; what is printed here is still seen."""
    held = io.StringIO()
    err.file = sys.stderr
    try:
        with redirect_stdout(held), redirect_stderr(held):
            yield
    finally:
        err.file = None  # type: ignore[assignment]  # whatever standard error is by then


class PlainProgress:
    """Progress where there is no terminal: a line every few seconds, and one at the end."""

    EVERY_S = 5.0

    def __init__(self, label: str, total: int, rate: bool = False):
        self.label, self.total, self.rate, self.done = label, total, rate, 0
        self.started = self.printed = time.monotonic()

    def advance(self, detail: str = "", by: int = 1) -> None:
        """Count finished items; print a line now and then."""
        self.done += by
        now = time.monotonic()
        if now - self.printed >= self.EVERY_S or self.done == self.total:
            self.printed = now
            note(f"{self.label}: {self.done}/{self.total} {self._speed(now)}{detail}".rstrip())

    def _speed(self, now: float) -> str:
        if not self.rate:
            return ""
        speed = self.done / max(now - self.started, 1e-9)
        left = f"{(self.total - self.done) / speed:.0f} s left " if self.done < self.total else ""
        return f"{speed:.1f}/s {left}"


class BarProgress:
    """Progress on a terminal: a live bar with count, detail and time left."""

    def __init__(self, bar: "Progress", label: str, total: int, rate: bool):
        self.bar, self.rate = bar, rate
        self.task = bar.add_task(label, total=total, detail="")

    def advance(self, detail: str = "", by: int = 1) -> None:
        """Count finished items and show the newest one's detail, or how many a second."""
        speed = self.bar.tasks[0].speed
        self.bar.update(self.task, advance=by, detail=f"{speed:.1f}/s" if self.rate and speed else detail)


@contextmanager
def progress(label: str, total: int, rate: bool = False) -> Iterator[PlainProgress | BarProgress]:
    """Yield an object with `advance(detail)`: a live bar on a terminal, plain lines elsewhere.

    With `rate`, items per second and the time left are shown too.
    """
    if _state["quiet"] or not err.is_terminal:
        yield PlainProgress(label, total, rate)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        yield BarProgress(bar, label, total, rate)
