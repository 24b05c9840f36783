"""`darkhar compare RUN RUN ...`: methods compared on the same clips, ranked, and in words whether they differ."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest

if TYPE_CHECKING:
    import pandas as pd


def run(words: Sequence[str]) -> None:
    """Compare the runs that the words name, print the tables and sentences, and write compare.csv and its page.

    Raises:
        BadRequest: no runs, or runs that cannot be paired; with the reason.
    """
    from darkhar_cli import console
    from darkhar_cli.evaluation.comparison import compare
    from darkhar_cli.evaluation.outcomes import read_results
    from darkhar_cli.files.tables import keep_text, write_csv
    from darkhar_cli.report import html, method_tables

    settings = dict(word.split("=", 1) for word in words if "=" in word and not Path(word).exists())
    for key, value in settings.items():
        if key not in VERB.keys:
            raise VERB.refusal(f"{key}={value}")
    folders = [Path(word) for word in words if "=" not in word or Path(word).exists()]
    results, skipped = read_results(folders)
    comparison = compare(results, settings.get("baseline"))
    place = Path(settings["to"]).expanduser() if "to" in settings else _place(folders, comparison.table)
    page = Path(settings["html"]).expanduser() if "html" in settings else None
    for key, file in (("to", place), ("html", page)):
        if file is not None and file.is_dir():
            raise BadRequest(f"{key}={file} is a folder; give a file")
    write_csv(place, comparison.table)
    comparison.notes[:0] = skipped
    method_tables.show(comparison, str(place))
    if page or "to" not in settings:
        keep_text(page or place.with_suffix(".html"), html.comparison_page(comparison, folders, words))
        console.note(f"report: {page or place.with_suffix('.html')}")


def _place(folders: Sequence[Path], table: pd.DataFrame) -> Path:
    if len(folders) == 1:
        return folders[0] / "compare.csv"
    mark = sha256("\n".join(sorted(table["folder"])).encode()).hexdigest()[:10]
    return Path("outputs", "compare", mark, "compare.csv")


VERB = Verb(
    name="compare",
    summary="pair finished runs clip by clip: who is better, and is that evidence",
    place=31,
    takes="run folders, to=..., html=... and baseline=...",
    keys=("to", "baseline", "html"),
    examples=(
        ("compare outputs/train/a-* outputs/train/b-*", "two runs"),
        ("compare outputs/sweeps/mine baseline=enhance=gamma", "the methods of a sweep"),
        ("compare outputs/sweeps/seeds012 outputs/sweeps/seeds34 to=all.csv", "more seeds of the same methods"),
    ),
    run=run,
    notes="""
Runs that differ in their seed alone are replicates of one method: they are pooled and never compared with each other.
With several seeds the test crosses clips (by recording, where that is known) with seeds, and its sentence is about the
methods; with one seed it is a sign-flip test over recordings, and its sentence is about the two trained models. Both
are about macro recall, and corrected for the number of comparisons (Holm).

  baseline=METHOD   what the others are compared with: a name as printed, a folder, or key=value
                    (default: the first with enhance=none, else the first)
  to=FILE           where the table goes (default: outputs/compare/<hash>/compare.csv; a sweep's folder)
  html=FILE         where the page goes (default: compare.html beside the table; with to=FILE none)
""",
    bare=False,
)
