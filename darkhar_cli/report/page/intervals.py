"""Numbers as dots with their intervals on one axis, each row with its name and its number.

Drawn as SVG in percent of the room there is, so that text keeps its size on a narrow screen and colours are the page's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from darkhar_cli.report.page.markup import Html, tag

_BESIDE = 40  # characters of a name and a number that stand beside each other on a narrow screen


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        name: what it is of.
        value: the number.
        low, high: the ends of its interval; nan where it has none.
        text: the number in words, at the right.
        main: whether it is what the chart is about.
    """

    name: str
    value: float
    low: float = nan
    high: float = nan
    text: str = ""
    main: bool = False


@dataclass(frozen=True)
class Axis:
    """What numbers are drawn along.

    Attributes:
        low, high: its ends.
        ticks: numbers that are marked, each with its text.
        mark: a line across all rows, where there is one: chance, or no difference.
        named: what the line is called.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    mark: float = nan
    named: str = ""

    def place(self, value: float) -> str:
        """Return where a number lies, in percent of the width."""
        inside = min(max(value, self.low), self.high)
        return f"{100 * (inside - self.low) / (self.high - self.low):.2f}%"


SHARES = ((0.0, "0 %"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %"))


def shares(mark: float = nan, named: str = "chance") -> Axis:
    """Return the axis of shares, 0 to 100 %, with the line of chance where that is known."""
    return Axis(0.0, 1.0, SHARES, mark, named)


def differences(ends: Sequence[float]) -> Axis:
    """Return an axis of differences in points, even about zero, that holds these numbers."""
    most = max([abs(end) for end in ends if isfinite(end)], default=0.1)
    reach = next((step for step in (0.05, 0.1, 0.2, 0.5) if most <= step), 1.0)
    ticks = tuple((part * reach, f"{100 * part * reach:+.3g}") for part in (-1.0, -0.5, 0.5, 1.0))
    return Axis(-reach, reach, ticks, 0.0, "no difference")


def chart(rows: Sequence[Row], axis: Axis, label: str) -> Html:
    """Return the rows as a chart; each is also words for those who cannot see it."""
    cells = []
    for row in rows:
        main = " main" if row.main else ""
        cells.append(tag("div", row.name, class_=f"name{main}", dir="auto"))
        cells.append(tag("div", row.text, class_=f"value{main}"))
        cells.append(_track(row, axis))
    wide = max((len(row.name) + len(row.text) for row in rows), default=0) > _BESIDE
    kind = f"intervals{' wide' if wide else ''}"
    return tag("div", cells, _ticks(axis), class_=kind, role="group", aria_label=label)


def _line(kind: str, x1: str, x2: str, y1: str = "50%", y2: str = "50%") -> Html:
    return tag("line", class_=kind, x1=x1, x2=x2, y1=y1, y2=y2)


def _track(row: Row, axis: Axis) -> Html:
    drawn = [_line("track", "0%", "100%")]
    if isfinite(axis.mark):
        at = axis.place(axis.mark)
        drawn.append(_line("chance", at, at, "0%", "100%"))
    if isfinite(row.low) and isfinite(row.high):
        drawn.append(_line("span", axis.place(row.low), axis.place(row.high)))
    if isfinite(row.value):
        drawn.append(tag("circle", class_="dot", cx=axis.place(row.value), cy="50%", r="7" if row.main else "4.5"))
    words = f"{row.name}: {row.text}"
    return tag("svg", drawn, role="img", aria_label=words, class_="main" if row.main else None)


def _ticks(axis: Axis) -> Html:
    marks = []
    for value, text in axis.ticks:
        if isfinite(axis.mark) and abs(value - axis.mark) < 0.14 * (axis.high - axis.low) and axis.named:
            continue  # the line's own name stands there
        marks.append(_text(axis, value, text, None))
    if isfinite(axis.mark) and axis.named:
        marks.append(_text(axis, axis.mark, axis.named, "named"))
    return tag("svg", marks, class_="axis", aria_hidden="true")


def _text(axis: Axis, value: float, text: str, kind: str | None) -> Html:
    part = (value - axis.low) / (axis.high - axis.low)
    anchor = "start" if part < 0.06 else "end" if part > 0.94 else "middle"
    return tag("text", text, class_=kind, x=axis.place(value), y="80%", text_anchor=anchor)
