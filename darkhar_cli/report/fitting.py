"""Tables that fit the terminal: columns go in a stated order before a word would be broken."""

from collections.abc import Sequence
from typing import Literal

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from darkhar_cli import console

_PADDING = 1  # behind each column
_TEXTS = ("split", "fold", "status", "", "verdict", "class")
# columns whose cells are not broken between words either: an interval in two lines is none
_WHOLE = (
    *("split", "fold", "n", "correct", "accuracy", "95 %", "95 % ", "recall", "of clips", "loss", "epochs", "rank"),
    *("p (Holm)", "McNemar", "seeds", "sd", "diff.", "status", "verdict", "clips", "groups", "frames"),
)


def grid_of(title: str, columns: Sequence[str], caption: str = "") -> Table:
    """Return an empty table for `show_grid`; text columns stand left, numbers right."""
    table = Table(
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=(0, _PADDING, 0, 0),
        title_justify="left",
        caption_justify="left",
    )
    for name in columns:
        justify: Literal["left", "right"] = "left" if name in _TEXTS else "right"
        table.add_column(name, justify=justify, no_wrap=name in _WHOLE, overflow="fold")
    return table


def show_grid(grid: Table, drop: Sequence[str] = (), where: str = "") -> None:
    """Print a table no wider than the terminal, in which no word is broken while columns can go.

    Args:
        grid: the table.
        drop: headers of the columns that may go, the least important first.
        where: the file that has all columns; named where any has gone.
    """
    gone = []
    for name in drop:
        if _least(grid) <= console.out.width:
            break
        if name in _headers(grid):
            grid.columns = [column for column in grid.columns if column.header != name]
            gone.append(name)
    _set_widths(grid, console.out)
    title, grid.title = grid.title, None  # a title is as wide as the terminal, not as the table
    caption, grid.caption = grid.caption, None
    if title:
        console.out.print(Text(str(title), "italic"))
    console.out.print(grid)
    if caption:
        console.out.print(Text(str(caption), "dim italic"), soft_wrap=True)
    if gone:
        behind = f" ({where} has all)" if where else ""
        names = ", ".join(name if name == name.strip() else f"its {name.strip()}" for name in gone)
        text = f"not shown in {console.out.width} columns: {names}{behind}"
        console.out.print(Text(text, "dim italic"), soft_wrap=True)


def _headers(grid: Table) -> list[str]:
    return [str(column.header) for column in grid.columns]


def _spans(column: Column, on: Console) -> tuple[int, int]:
    """Return the length of a column's longest word and of its longest cell."""
    sizes = [Measurement.get(on, on.options, _text(cell)) for cell in (column.header, *column.cells)]
    return max(size.minimum for size in sizes), max(size.maximum for size in sizes)


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))


def _frame(grid: Table) -> int:
    return 2 + (1 + _PADDING) * len(grid.columns) - 1  # edges, and what stands between columns


def _least(grid: Table) -> int:
    """Return the width below which a word would be broken; numbers and intervals are not broken between words."""
    return _frame(grid) + sum(_narrowest(column, console.out) for column in grid.columns)


def _narrowest(column: Column, on: Console) -> int:
    word, cell = _spans(column, on)
    return cell if column.no_wrap else word


def _set_widths(grid: Table, on: Console) -> None:
    """Give each column its width: what it needs, and of the room that is left each wide one its part."""
    least = [_narrowest(column, on) for column in grid.columns]
    wanted = [_spans(column, on)[1] for column in grid.columns]
    room = on.width - _frame(grid) - sum(least)
    for column, low, high in sorted(zip(grid.columns, least, wanted, strict=True), key=lambda one: one[2] - one[1]):
        more = min(high - low, max(room, 0))
        column.width = low + more if room >= 0 else None
        room -= more
