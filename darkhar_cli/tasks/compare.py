"""`darkhar compare RUN RUN ...`: runs paired clip by clip, ranked, and in words whether they differ."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pandas as pd
from rich.table import Table

from darkhar_cli import console
from darkhar_cli.comparison import compare, read_results
from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.table_files import write_csv
from darkhar_cli.tables import grid_of, percent

HELP = """darkhar compare: finished runs paired clip by clip

  darkhar compare RUN RUN ...     the first with enhance=none, else the first, is what the others are compared with
  darkhar compare SWEEP           every finished job of a sweep
  darkhar compare ... to=FILE     where the table goes (default: outputs/compare/<hash>/compare.csv; a sweep's folder)

The sentence under the table is decided by a sign-flip test over groups, corrected for their number (Holm).
"""


def compare_runs(words: Sequence[str]) -> None:
    """Compare the runs that the words name, print the ranked table and sentences, and write compare.csv.

    Raises:
        BadRequest: no runs, or runs that cannot be paired; with the reason.
    """
    if not words or "-h" in words or "--help" in words:
        print(HELP, end="")
        return
    settings = [word for word in words if "=" in word and not Path(word).exists()]
    for word in settings:
        if not word.startswith("to="):
            raise BadRequest(
                f"compare does not know {word!r}; it takes run folders and to=FILE{nearest(word, ['to='])}"
            )
    folders = [Path(word) for word in words if word not in settings]
    table, sentences = compare(read_results(folders))
    place = Path(settings[-1].removeprefix("to=")).expanduser() if settings else _place(folders, table)
    if place.is_dir():
        raise BadRequest(f"to={place} is a folder; give a file")
    write_csv(place, table)
    console.out.print(_grid(table))
    for sentence in sentences:
        console.out.print(sentence, soft_wrap=True)
    console.out.print(str(place), soft_wrap=True)


def _place(folders: Sequence[Path], table: pd.DataFrame) -> Path:
    if len(folders) == 1:
        return folders[0] / "compare.csv"
    mark = sha256("\n".join(sorted(table["folder"])).encode()).hexdigest()[:10]
    return Path("outputs", "compare", mark, "compare.csv")


def _grid(table: pd.DataFrame) -> Table:
    title = (
        f"{table['n'].iloc[0]} clips; chance {percent(table['chance'].iloc[0])}; 95 % by {table['interval'].iloc[0]}"
    )
    grid = grid_of(title, ["rank", "", "accuracy", "diff.", "95 %", "p (Holm)", "McNemar", "verdict"])
    for _, row in table.iterrows():
        both = "" if pd.isna(row["difference"]) else f"{100 * row['difference']:+.1f}"
        span = "" if not both else f"{100 * row['difference_lower']:+.1f} to {100 * row['difference_upper']:+.1f}"
        p = "" if pd.isna(row["p_holm"]) else f"{row['p_holm']:.3g}"
        mcnemar = "" if pd.isna(row["mcnemar"]) else f"{row['mcnemar']:.3g}"
        cells = (percent(row["accuracy"]), both, span, p, mcnemar)
        grid.add_row(str(row["rank"]), row["name"], *cells, row["verdict"])
    return grid
