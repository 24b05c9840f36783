"""Tables and texts on disk: written aside and renamed, read back with the types that their columns have.

csv in UTF-8, quoted as RFC 4180 says, a line per row whatever the names in it. Names are kept as they are: a name such
as `=SUM(A1)` is text for every reader but a spreadsheet, which must import it as text.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.files.asides import write_aside
from darkhar_cli.labels import METHOD_LABELS
from darkhar_cli.names import printable, printable_lines

_PRECISION = "%.8g"
# Columns that hold words, even where all of them could be numbers (`01`, `1e3`), truths or missing values (`nan`).
TEXTS = (
    *("id", "split", "label", "group", "digest", "twin", "light", "official", "scene", "reason", "path"),
    *("predicted", "frames", "kind", "value", "train_ids", "scored_ids", "class", "warnings"),
    *(*METHOD_LABELS, "control", "interval", "of", "aggregate"),
    *("name", "folder", "verdict", "status", "error"),
)
_CLASS = "class "
_CSV: dict[str, Any] = {"index": False, "lineterminator": "\n", "encoding": "utf-8"}
_COUNTS = ("n", "scorings")  # columns beside those of classes


def column_of(name: str) -> str:
    """Return the column of a class in a table whose other columns are named too: its name.

    A class that is called like another column (`label`, `split`, `n`) is `class label` there.
    """
    return f"{_CLASS}{name}" if name.replace(_CLASS, "") in (*TEXTS, *_COUNTS) else name


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, in UTF-8, each line printable."""
    write_aside(path, lambda aside: aside.write_text(printable_lines(text), encoding="utf-8"))


def keep_text(path: Path, text: str) -> None:
    """Write a text file whole unless it holds this text already: what is shown again is not written again."""
    if not path.is_file() or path.read_bytes() != printable_lines(text).encode("utf-8"):
        write_text(path, text)


def _written(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def write_csv(path: Path, table: pd.DataFrame, precision: str | None = _PRECISION) -> None:
    """Write a table whole, numbers to 8 digits (`precision=None`: to all of them)."""
    made = _printable(table)
    write_aside(path, lambda aside: made.to_csv(aside, float_format=precision, **_CSV))


def keep_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a small table whole, as `write_csv`, unless the file holds it already."""
    text: str = _printable(table).to_csv(float_format=_PRECISION, **_CSV)
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        write_csv(path, table)


def _printable(table: pd.DataFrame) -> pd.DataFrame:
    made = table.set_axis(range(table.shape[1]), axis=1)
    for number, column in made.items():
        if not pd.api.types.is_numeric_dtype(column.dtype):
            made[number] = column.map(_written)
    made.columns = [printable(str(name)) for name in table.columns]
    return made


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table; columns of words (`TEXTS`) are text whatever they hold, and empty cells empty strings."""
    types = dict.fromkeys(TEXTS, str)
    table = pd.read_csv(path, dtype=types, keep_default_na=False, encoding="utf-8", low_memory=False)
    return table.copy()  # one block per type: a table of hundreds of classes takes new columns without a warning
