"""The live table of a sweep that runs elsewhere: jobs done, running, failed, the best so far, the time left."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from darkhar_cli import console
from darkhar_cli.errors import DarkharError
from darkhar_cli.report.terminal import percent, span
from darkhar_cli.runs import fold_parts
from darkhar_cli.runs.run_folder import Run

_MOST_ROWS = 20  # those that wait are left out first
_KEEP_S = 5.0  # the sweep's table is written again at most so often
_STYLES = {"done": "green", "running": "cyan", "failed": "red", "waiting": "dim"}


class SweepProgress:
    """Shows how far a sweep is, from its jobs' folders alone: they may run on any machine.

    Args:
        names: each run folder's name in words; jobs that train single folds of it share it.
        keep: writes the sweep's table as it stands.
        todo: how many jobs are going to be run.
    """

    def __init__(self, names: Mapping[Path, str], keep: Callable[[], object], todo: int):
        self._names, self._keep, self._todo = dict(names), keep, todo
        self._ended = self._failed = 0
        self._started = time.monotonic()
        self._kept = 0.0
        self._done: dict[Path, tuple[float, str]] = {}  # macro recall, and in words with its interval

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show it while the block runs: a live table on a terminal, a line for each job that ends elsewhere."""
        if console.is_quiet() or not console.err.is_terminal:
            yield
            return
        with Live(get_renderable=self.table, console=console.err, refresh_per_second=1, transient=True):
            yield

    def ended(self, problem: str) -> None:
        """Take note that a job has ended; `problem` is empty where it was not one."""
        self._ended += 1
        self._failed += bool(problem)
        if not console.err.is_terminal:
            console.note(self.line())
        if time.monotonic() - self._kept > _KEEP_S:
            self._keep()
            self._kept = time.monotonic()

    def _state(self, place: Path) -> str:
        if place in self._done or self._read(place):
            return "done"
        claims = [place / ".claim", *(place / fold_parts.FOLDER).glob("*/.claim")]
        if any(claim.is_file() for claim in claims):
            return "running"
        return "failed" if fold_parts.error_of(place) else "waiting"

    def _read(self, place: Path) -> bool:
        """Whether a run is finished; then its macro recall is read."""
        run = Run(place)
        if not run.done:
            return False
        with contextlib.suppress(OSError, DarkharError, KeyError, IndexError, ValueError):
            row = run.read("metrics/summary.csv").iloc[0]
            recall = float(row["recall_macro"])
            self._done[place] = (recall, f"{percent(recall)} {span(row)}".strip())
        return place in self._done

    def line(self) -> str:
        """Return it in a line."""
        states = [self._state(place) for place in self._names]
        count = {state: states.count(state) for state in _STYLES}
        words = [f"{count['done']} of {len(states)} done, {count['running']} running, {count['failed']} failed"]
        if self._done:
            best = max(self._done, key=lambda place: self._done[place][0])
            words.append(f"best so far {self._names[best]}: {self._done[best][1]}")
        if 0 < self._ended < self._todo:
            left = (time.monotonic() - self._started) / self._ended * (self._todo - self._ended)
            words.append(f"about {_duration(left)} left")
        return f"sweep: {'; '.join(words)}"

    def table(self) -> RenderableType:
        """Return it as a table with the line below."""
        rows = [(place, self._state(place)) for place in self._names]
        shown = [row for row in rows if row[1] != "waiting"][-_MOST_ROWS:]
        shown += [row for row in rows if row[1] == "waiting"][: _MOST_ROWS - len(shown)]
        grid = Table("job", "status", "macro recall", box=None, padding=(0, 2, 0, 0))
        for place, state in (row for row in rows if row in shown):
            number = self._done[place][1] if place in self._done else ""
            grid.add_row(Text(self._names[place]), Text(state, _STYLES[state]), number)
        return Group(grid, Text(self.line()))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
