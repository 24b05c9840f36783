"""Which format a list is in, and what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli.data.label_formats.field_lists import ARID, FRAMES, HMDB51, NUMBERED, UCF101
from darkhar_cli.data.label_formats.header_csv import HEADER_CSV
from darkhar_cli.data.label_formats.named_csv import KINETICS, UG2
from darkhar_cli.data.label_formats.rows import Format, Line, Row, lines_of, listed, text_of
from darkhar_cli.errors import BadRequest, unknown
from darkhar_cli.names import printable

# In the order in which they are tried: the narrowest first.
FORMATS = {one.name: one for one in (UG2, KINETICS, ARID, HEADER_CSV, HMDB51, UCF101, FRAMES, NUMBERED)}
_LOOKED_AT = 200  # lines


@dataclass(frozen=True)
class LabelList:
    """A list that has been read: its file, its format, its rows."""

    path: Path
    format: Format
    rows: Sequence[Row]


def read_list(path: Path, format_: str | None = None) -> LabelList:
    """Return what a list holds.

    Args:
        path: of the list.
        format_: the name of its format; None to recognise it.

    Raises:
        BadRequest: it cannot be read, is in no known format, or has faults (named by line).
    """
    if format_ is not None and format_ not in FORMATS:
        raise unknown("format of lists (dataset.format)", format_, FORMATS)
    lines = lines_of(text_of(path))
    chosen = FORMATS[format_] if format_ else _recognised(path, lines)
    rows, faults = chosen.read(path, lines)
    if faults:
        how = (
            "" if chosen is HEADER_CSV else f" (read as {chosen.name!r}: {chosen.what}; dataset.format= forces another)"
        )
        raise BadRequest(f"{path}{how}:{listed(faults)}")
    if not rows:
        raise BadRequest(f"{path} lists no clip")
    return LabelList(path, chosen, rows)


def _recognised(path: Path, lines: Sequence[Line]) -> Format:
    some = lines[:_LOOKED_AT]
    if some:
        for one in FORMATS.values():
            if one.fits(path, some):
                return one
    if not some or path.suffix.lower() == ".csv":
        return HEADER_CSV  # says what it expects
    known = "\n  ".join(f"{one.name}: {one.what}" for one in FORMATS.values())
    number, first = some[0]
    raise BadRequest(
        f"{path}: its format is not recognised; line {number} is {printable(first)[:120]!r}. Known formats "
        f"(dataset.format= forces one):\n  {known}"
    )
