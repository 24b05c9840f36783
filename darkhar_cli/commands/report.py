"""`darkhar report DIR`: a finished run, sweep, evaluation or comparison, shown again; its page where that is asked."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, nearest

if TYPE_CHECKING:
    from darkhar_cli.evaluation.comparison import Comparison

Page = Callable[[], str]


def run(words: Sequence[str]) -> None:
    """Print what a folder holds; with `html=` write its page.

    Raises:
        BadRequest: no such folder, or one that holds nothing finished.
    """
    folder, html = _read(words)
    show, page = _shown(folder)
    show()
    if html is None:
        return
    from darkhar_cli import console
    from darkhar_cli.files.tables import keep_text

    place = folder / "report.html" if html == "true" else Path(html).expanduser()
    if place.is_dir():
        raise BadRequest(f"html={html} is a folder; give a file, or true for {folder / 'report.html'}")
    keep_text(place, page())
    console.say(f"report: {place}")


def _read(words: Sequence[str]) -> tuple[Path, str | None]:
    html, folders = None, []
    for word in words:
        key, sign, value = word.partition("=")
        if word.startswith("-") or (sign and not Path(word).expanduser().exists()):
            if key != "html" or not value:
                raise VERB.refusal(word)
            html = value
        else:
            folders.append(word)
    if len(folders) != 1:
        given = f", not {len(folders)}: {', '.join(folders)}" if folders else ""
        raise BadRequest(f"report takes one folder{given}; for instance outputs/train/NAME html=true")
    return Path(folders[0]).expanduser(), html


def _shown(folder: Path) -> tuple[Callable[[], None], Page]:
    """Return what prints a folder, and what makes its page."""
    from darkhar_cli.evaluation.stored_run import Evaluation, finished_run
    from darkhar_cli.report import terminal

    if not folder.is_dir():
        beside = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise BadRequest(f"{folder}: no such folder{nearest(folder.name, beside)}")
    if (folder / "sweep.csv").is_file():
        return _sweep(folder)
    if (folder / Evaluation.FACTS).is_file():
        return lambda: terminal.show_run(Evaluation(folder)), lambda: _html().evaluation_page(folder)
    if (folder / "compare.csv").is_file() and not (folder / "run.json").is_file():
        return _comparison(folder)
    if not (folder / "run.json").is_file():
        raise BadRequest(f"{folder} holds no run, sweep, evaluation or comparison; report takes the folder of one")
    run = finished_run(folder)
    return lambda: terminal.show_run(run), lambda: _html().run_page(run)


def _html():  # type: ignore[no-untyped-def]  # a module, imported only for a page: matplotlib takes its time
    from darkhar_cli.report import html

    return html


def _sweep(folder: Path) -> tuple[Callable[[], None], Page]:
    from darkhar_cli import console
    from darkhar_cli.evaluation import sweep_table
    from darkhar_cli.report import method_tables, terminal

    table, swept = sweep_table.stored_sweep(folder)
    comparison: Comparison | None = None
    try:
        comparison, why = sweep_table.compared(folder), ""
    except BadRequest as problem:
        why = f"methods are not compared: {problem}"

    def show() -> None:
        terminal.show_sweep(table, folder, swept)
        if why:
            console.note(why)
        if comparison:
            method_tables.show(comparison, str(folder / "methods.csv"))
        else:
            terminal.show_sweep_limits(table, folder)

    return show, lambda: _html().sweep_page(folder, comparison)


def _comparison(folder: Path) -> tuple[Callable[[], None], Page]:
    """Return a comparison that is made again from its runs: its table has no sentences."""
    from darkhar_cli.evaluation.comparison import compare
    from darkhar_cli.evaluation.outcomes import read_results
    from darkhar_cli.files.tables import read_csv
    from darkhar_cli.report import method_tables

    table = read_csv(folder / "compare.csv")
    folders = [Path(place) for cell in table["folder"] for place in shlex.split(cell)]
    base = next((name for name, what in zip(table["name"], table["verdict"], strict=True) if what == "baseline"), None)
    results, skipped = read_results(folders)
    comparison = compare(results, base)
    comparison.notes[:0] = skipped
    words = [*map(str, folders), *([f"baseline={base}"] if base else [])]
    return (
        lambda: method_tables.show(comparison, str(folder / "compare.csv")),
        lambda: _html().comparison_page(comparison, folders, words),
    )


VERB = Verb(
    name="report",
    summary="show a finished run, sweep, evaluation or comparison again; html=true also writes its page",
    place=32,
    takes="a folder, and html=true or html=FILE",
    keys=("html",),
    examples=(
        ("report RUN", "its tables, sentences and warnings; nothing is written"),
        ("report outputs/sweeps/NAME", "a sweep's table, and its methods compared"),
        ("report RUN html=true", "also write RUN/report.html again"),
        ("report RUN html=FILE", "write the page elsewhere: one file that can be sent"),
    ),
    run=run,
    notes="""
A run, an evaluation and a sweep leave report.html in their folder by themselves, `compare` leaves compare.html beside
its table. The page needs no network and no other file. Frames of the worst mistakes are in it where the clips'
prepared data are on this machine.
""",
    bare=False,
)
