"""What a user sees of predictions on the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from darkhar_cli.prediction.rows import UNCERTAIN, FailedVideo, PredictedSpan, RowFormat
from darkhar_cli.prediction.timeline import Event
from darkhar_cli.report.terminal import grid_of, percent


def videos_table(found: Sequence[PredictedSpan | FailedVideo], rows: RowFormat) -> Table:
    """Return a row for each video: its best classes with their probabilities, and what is to be known of it."""
    grid = grid_of("", ["video", "predicted", "", *["next"] * (rows.top > 1), "notes"])
    for column in grid.columns:
        column.justify = "left"
    for one in found:
        if isinstance(one, FailedVideo):
            grid.add_row(one.video, Text("failed", "red"), "", *[""] * (rows.top > 1), one.reason)
            continue
        (label, p), *others = rows.best(one)
        shown = Text(f"{UNCERTAIN} ({label})", "yellow") if rows.uncertain(one) else Text(label, "bold")
        rest = ", ".join(f"{name} {percent(p)}" for name, p in others)
        grid.add_row(one.video, shown, percent(p), *[rest] * (rows.top > 1), "; ".join(one.notes))
    return grid


def events_table(events: Sequence[Event]) -> Table:
    """Return a row for each event: when, what, how sure."""
    grid = grid_of("", ["video", "from", "to", "event", "confidence", "notes"])
    for column in grid.columns:
        column.justify = "right" if column.header in ("from", "to", "confidence") else "left"
    before = ""
    for event in events:
        style = "yellow" if event.label == UNCERTAIN else "bold"
        name = event.video if event.video != before else ""
        times = clock(event.start), clock(event.end)
        grid.add_row(name, *times, Text(event.label, style), percent(event.confidence), "; ".join(event.notes))
        before = event.video
    return grid


def clock(seconds: float) -> str:
    """Return a time as 1:02:03.4, 2:03.4 or 3.4 s."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest / 10:04.1f}"
    return f"{minutes}:{rest / 10:04.1f}" if minutes else f"{rest / 10:.1f} s"
