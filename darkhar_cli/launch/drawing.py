"""What is drawn at the end of a run, an evaluation, a sweep: its page; tables are whole without it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from darkhar_cli import console
from darkhar_cli.config.streams import streams_of
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.errors import DarkharError, FailedWork
from darkhar_cli.evaluation.comparison import Comparison
from darkhar_cli.files.tables import keep_text
from darkhar_cli.runs.run_folder import Run

_CARD_CLIPS = 3  # that the enhancement card is measured on


def draw(run: Run) -> None:
    """Write a run's figures and report from its tables.

    Raises:
        FailedWork: they cannot be drawn or written.
    """
    try:
        from darkhar_cli.report import figures, html

        html.save_page(run, figures.save_figures(run))
    except Exception as problem:  # whatever a drawing library trips over in a name
        raise FailedWork(f"cannot draw the figures and report of {run.folder}: {problem}") from problem


def draw_if_possible(run: Run) -> None:
    """Draw a finished run; one that cannot be drawn stays finished, and says so."""
    try:
        draw(run)
    except FailedWork as problem:
        run.warn(f"{problem}; its tables are whole, and `darkhar evaluate {run.folder}` tries to draw it again")


def draw_evaluation(place: Path) -> None:
    """Write the page of an evaluation; one that cannot be drawn stays finished, and says so."""
    from darkhar_cli.report import html

    _page(place / html.NAME, lambda: html.evaluation_page(place))


def draw_sweep(folder: Path, comparison: Comparison | None) -> None:
    """Write the page of a sweep; one that cannot be drawn stays finished, and says so."""
    from darkhar_cli.report import html

    _page(folder / html.NAME, lambda: html.sweep_page(folder, comparison))


def _page(path: Path, made: Callable[[], str]) -> None:
    try:
        keep_text(path, made())
    except Exception as problem:  # whatever a drawing library trips over in a name
        console.warn(f"cannot draw {path}: {problem}; the tables are whole")
    else:
        console.note(f"report: {path}")


def enhancement_card(config: Mapping[str, Any], clips: Clips) -> dict[str, Any]:
    """Return what the card of a run's enhancements shows, for run.json; empty where nothing enhances.

    Args:
        config: the run's.
        clips: its data set, a few clips of which are measured.
    """
    from darkhar_cli.models.action_model import chain_of

    nodes = {"+".join(parts["enhance"]): parts["enhance"] for parts in streams_of(config).values()}
    chains = [(name, chain_of(node)) for name, node in nodes.items() if set(node) - {"none"}]
    if not chains:
        return {}
    from darkhar_cli.report import enhancement_card as card
    from darkhar_cli.report.clips_shown import of_data_set
    from darkhar_cli.report.person_seen import net_at_hand

    net = net_at_hand()
    try:
        measured = card.measure_cards(chains, of_data_set(clips, _spread(clips.table.index.tolist())), net)
    except DarkharError:
        return {}
    titles = [*card.TITLES.values()][: None if net else -1]
    rows = [one.cells()[: len(titles)] for one in measured]
    return {"titles": titles, "rows": rows, "clips": measured[0].clips, "about": card.ABOUT}


def _spread(rows: Sequence[int]) -> list[int]:
    """Return a few rows, evenly spread."""
    count = min(_CARD_CLIPS, len(rows))
    return [rows[(2 * i + 1) * len(rows) // (2 * count)] for i in range(count)]
