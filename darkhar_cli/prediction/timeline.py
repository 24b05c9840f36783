"""What happens when in a long video: windows in order, merged to events; as tables and as a picture.

A window speaks for the time between the middles of its overlaps, so that neighbours share out the video between them.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.files.asides import write_aside
from darkhar_cli.files.tables import write_csv
from darkhar_cli.prediction.rows import UNCERTAIN, PredictedSpan, RowFormat

_MOST_IN_LEGEND = 12  # classes, those with most probability


@dataclass(frozen=True)
class Event:
    """A stretch of a video with one label.

    Attributes:
        video: its name.
        start, end: in seconds.
        label: a class, or `uncertain`.
        confidence: mean over its windows.
        windows: how many.
        notes: of any of them.
    """

    video: str
    start: float
    end: float
    label: str
    confidence: float
    windows: int = 1
    notes: tuple[str, ...] = ()


class Events:
    """Merges windows in order to events."""

    def __init__(self, rows: RowFormat):
        self._rows = rows
        self._open: Event | None = None

    def add(self, span: PredictedSpan) -> list[Event]:
        """Take a window; return the event that it ends, if it ends one."""
        label = UNCERTAIN if self._rows.uncertain(span) else self._rows.label(span)
        kinds = tuple(note.partition(" (")[0] for note in span.notes)  # numbers differ from window to window
        new = Event(span.video, *span.centre, label, span.confidence, notes=kinds)
        before = self._open
        if before and (before.video, before.label) == (new.video, new.label):
            count = before.windows + 1
            mean = before.confidence + (new.confidence - before.confidence) / count
            notes = tuple(dict.fromkeys([*before.notes, *new.notes]))
            self._open = replace(before, end=new.end, confidence=mean, windows=count, notes=notes)
            return []
        self._open = new
        return [before] if before else []

    def end(self) -> list[Event]:
        """Return the last event."""
        before, self._open = self._open, None
        return [before] if before else []


def events_of(spans: Sequence[PredictedSpan], rows: RowFormat) -> list[Event]:
    """Return the events of windows in order."""
    merging = Events(rows)
    return [event for span in spans for event in merging.add(span)] + merging.end()


class TimelineWriter:
    """Keeps the windows of each video, and writes its tables and picture when it ends.

    Args:
        folder: where `<video>.timeline.csv`, `<video>.events.csv` and `<video>.timeline.png` go.
        rows: how spans become rows.
    """

    def __init__(self, folder: Path, rows: RowFormat):
        self.folder, self._rows = folder, rows
        self._spans: list[PredictedSpan] = []
        self.written: list[Path] = []

    def write(self, found: Any) -> None:
        """Take a row; a window of another video ends the one before."""
        if not isinstance(found, PredictedSpan) or not found.window:
            return
        if self._spans and self._spans[0].video != found.video:
            self.close()
        self._spans.append(found)

    def close(self) -> None:
        """Write what was kept."""
        spans, self._spans = self._spans, []
        if not spans:
            return
        base = self.folder / Path(spans[0].video).stem
        while base.with_name(f"{base.name}.timeline.csv") in self.written:  # two videos of one name
            base = base.with_name(f"{base.name}_")
        windows = pd.DataFrame([self._rows.row(span) for span in spans], columns=self._rows.columns)
        events = events_of(spans, self._rows)
        listed = pd.DataFrame([{**vars(event), "notes": "; ".join(event.notes)} for event in events])
        paths = [base.with_name(f"{base.name}.{what}") for what in ("timeline.csv", "events.csv", "timeline.png")]
        write_csv(paths[0], windows.drop(columns="error"))
        write_csv(paths[1], listed)
        picture = draw(spans, events, self._rows)
        write_aside(paths[2], lambda aside: aside.write_bytes(picture))
        self.written += paths


def draw(spans: Sequence[PredictedSpan], events: Sequence[Event], rows: RowFormat) -> bytes:
    """Return a picture (PNG) of a video: events as a band, below them the classes' probabilities over time."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():  # `$x$` is a name
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support .* natively", UserWarning)
        figure = Figure(figsize=(11, 4), layout="constrained")
        _draw(figure, spans, events, rows)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _draw(figure: Any, spans: Sequence[PredictedSpan], events: Sequence[Event], rows: RowFormat) -> None:
    band, lines = figure.subplots(2, 1, sharex=True, height_ratios=[1, 5])
    p = np.array([span.probabilities for span in spans])
    middles = np.array([sum(span.centre) / 2 for span in spans])
    colours = {name: f"C{i % 10}" for i, name in enumerate(rows.classes)} | {UNCERTAIN: "0.85"}
    whole = spans[-1].centre[1] - spans[0].centre[0]
    for event in events:
        band.axvspan(event.start, event.end, color=colours[event.label], lw=0)
        if event.end - event.start > 0.012 * whole * len(event.label):
            style = {"ha": "center", "va": "center", "fontsize": 8, "color": "0.3" if event.label == UNCERTAIN else "w"}
            band.text((event.start + event.end) / 2, 0.5, event.label, **style)
    band.set_yticks([])
    for i in sorted(np.argsort(-p.sum(axis=0), kind="stable")[:_MOST_IN_LEGEND]):
        lines.plot(middles, p[:, i], color=colours[rows.classes[i]], label=rows.classes[i], lw=1.2)
    if rows.threshold:
        lines.axhline(rows.threshold, color="0.5", lw=0.8, ls="--", label=f"{UNCERTAIN} below")
    lines.set_ylim(0, 1.02)
    lines.set_xlim(spans[0].centre[0], max(spans[-1].centre[1], spans[0].centre[0] + 1e-3))
    lines.set_xlabel("seconds")
    lines.set_ylabel("probability")
    lines.legend(frameon=False, ncols=2, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
