"""report.html: one file for a run, an evaluation, a sweep or a comparison, written whole or read by whoever asks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from darkhar_cli.evaluation import sweep_table
from darkhar_cli.evaluation.comparison import Comparison
from darkhar_cli.evaluation.stored_run import Evaluation
from darkhar_cli.files.tables import keep_text
from darkhar_cli.report.figures import run_figures, style
from darkhar_cli.report.page import run_page as run_pages
from darkhar_cli.report.page import sweep_page as sweep_pages
from darkhar_cli.runs.run_folder import Run

NAME = "report.html"


def save_page(run: Run, figures: Mapping[str, str]) -> None:
    """Write report.html from a run's tables and figures; what limits the numbers is above the first of them."""
    keep_text(run.folder / NAME, run_pages.run_page(run, figures))


def run_page(run: Run) -> str:
    """Return the page of a run; nothing is written."""
    return run_pages.run_page(run, _drawn(run))


def evaluation_page(place: Path) -> str:
    """Return the page of an evaluation, which stands in the folder of its run; nothing is written."""
    evaluation = Evaluation(place)
    return run_pages.evaluation_page(evaluation, Run(place.parent.parent), _drawn(evaluation))


def sweep_page(folder: Path, comparison: Comparison | None) -> str:
    """Return the page of a sweep, with its methods where they can be compared; nothing is written."""
    table, swept = sweep_table.stored_sweep(folder)
    return sweep_pages.sweep_page(folder, table, swept, comparison, sweep_table.facts_of(folder))


def comparison_page(comparison: Comparison, folders: Sequence[Path], words: Sequence[str]) -> str:
    """Return the page of a comparison of runs; nothing is written."""
    return sweep_pages.comparison_page(comparison, folders, words)


def _drawn(run: Run) -> dict[str, str]:
    return {name: style.svg(figure) for name, figure in run_figures(run).items()}
