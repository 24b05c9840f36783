"""The tables a user sees on the terminal, from run folders alone."""

from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli import console
from darkhar_cli.evaluation.sweep_table import warnings_of
from darkhar_cli.labels import METHOD_LABELS
from darkhar_cli.metrics import tables
from darkhar_cli.names import printable
from darkhar_cli.report.fitting import grid_of, show_grid
from darkhar_cli.runs.run_folder import Run

_COLUMNS = ["recall", "95 %", "n", "correct", "accuracy", "loss"]  # the interval is of the macro recall beside it
# which go first where the terminal is too narrow for all
DROPPED = ["loss", "correct", "accuracy", "n", "95 %"]
ABOUT = "Folds share training data, so an interval is about these models on new recordings, not about new training."
_MOST_FOLDS = 12  # more are shown in the summary's rows alone


def percent(value: Any) -> str:
    """Return a share as the tables print it."""
    return "" if value == "" else f"{100 * float(value):.1f} %"


def span(row: pd.Series, of: str = "recall") -> str:
    """Return the interval of a row's number in percent, `[8.9, 23.0]`, or nothing where it has none.

    `of` is what its columns begin with: `recall`, `f1`, `recall_folds`, or nothing for the share of clips.
    """
    ends = [row.get(f"{of}_{end}" if of else end, "") for end in ("lower", "upper")]
    if any(end == "" or pd.isna(end) for end in ends):
        return ""
    return "[{:.1f}, {:.1f}]".format(*(100 * float(end) for end in ends))  # a column with an empty cell is text


def with_span(row: pd.Series, name: str) -> str:
    """Return a number of a row in percent with its interval, `80.2 % [72.9, 85.9]`; nothing where it is not there."""
    of = "" if name == "accuracy" else name.removesuffix("_macro")
    return f"{percent(row.get(name, ''))} {span(row, of)}".strip()


def chance(row: pd.Series) -> str:
    """Return in words what guessing would score."""
    words = f"chance {percent(row['chance'])}"
    more = float(row["largest_class"]) > float(row["chance"]) + 0.0005
    return words + (f", always the largest class {percent(row['largest_class'])}" if more else "")


def show_run(run: Run) -> None:
    """Print a finished run: its folds (if not too many), its summary with intervals, its controls, and where all is."""
    folds, summary = run.read("metrics/folds.csv"), run.read("metrics/summary.csv")
    head, whole = folds.iloc[0], summary.iloc[0]
    title = " · ".join(str(head[key]) for key in METHOD_LABELS)
    grid = grid_of(title, ["split", "fold", *_COLUMNS], chance(whole))
    repeats = folds["repeat"].nunique() > 1
    number = int(summary["folds"].max())
    many = number > _MOST_FOLDS
    for _, row in () if many else folds.iterrows():
        name = f"{row['repeat']}/{row['fold']}" if repeats else str(row["fold"])
        grid.add_row(row["split"], name, *_cells(row))
    for _, row in summary.iterrows():
        grid.add_section()
        what = "ensemble" if row["of"] == "ensemble" else "mean" if row["split"] in tables.TESTS else "all"
        grid.add_row(row["split"], what, *_cells(row), style="bold")
    grid.add_section()
    for _, row in run.controls().iterrows():
        split = f"{'' if row['split'] == 'validation' else 'test '}control"
        grid.add_row(split, row["control"], *_cells(row))
    show_grid(grid, DROPPED, "metrics/")
    for line in [*headlines(summary), *official_mean(folds)]:
        console.say(line)
    warnings, verdict = run.warnings(), run.record().verdict
    if verdict and verdict not in run.caveats():
        console.say(f"controls: {verdict}")
    for caveat in warnings:
        console.say(f"warning: {caveat.text}", style="yellow")
    if many:
        place = run.folder / "metrics" / "folds.csv"
        console.out.print(f"each of the {number} folds: {place}", soft_wrap=True)
    console.out.print(str(run.folder), soft_wrap=True)


def headlines(summary: pd.DataFrame) -> list[str]:
    """Return a sentence for each row of a summary, and what its intervals are about where it has any."""
    rows = [row for _, row in summary.iterrows()]
    return [*map(headline, rows), *([ABOUT] if any(_has_interval(row) for row in rows) else [])]


def _has_interval(row: pd.Series) -> bool:
    return bool(span(row) or span(row, ""))


def official_mean(folds: pd.DataFrame) -> list[str]:
    """Return the mean accuracy over several official splits in words, as papers report it; nothing for other folds."""
    part = folds[(folds["split"] == "validation") & (folds["cv"] == "official")]
    if len(part) < 2:
        return []
    each = ", ".join(percent(value) for value in part["accuracy"])
    mean = percent(part["accuracy"].mean())
    return [f"as papers report it: mean top-1 accuracy of the {len(part)} official splits {mean} ({each})"]


def headline(row: pd.Series) -> str:
    """Return a summary row as a sentence: macro recall, count and share, each with its interval, and their basis."""
    of = " (ensemble)" if row["of"] == "ensemble" else ""
    share = f"{float(row['correct']):.4g} of {row['n']} clips, {with_span(row, 'accuracy')}"
    basis = f"95 % {row['interval']}" if _has_interval(row) else str(row["interval"])
    numbers = [f"macro recall {with_span(row, 'recall_macro')}", share, *_over_folds(row), chance(row)]
    return f"{row['split']}{of}: {'; '.join([*numbers, basis])}"


def _over_folds(row: pd.Series) -> list[str]:
    """Return the mean of the folds' own recalls in words, where it is another number than the macro recall."""
    if row.get("recall_folds", "") == "" or int(row["folds"]) < 2 or row["split"] in tables.TESTS:
        return []
    return [f"mean macro recall of {row['folds']} folds {with_span(row, 'recall_folds')}"]


def _cells(row: pd.Series) -> list[str]:
    """Return the cells under `_COLUMNS`."""
    numbers = [str(row["n"]), f"{float(row['correct']):.4g}", percent(row["accuracy"])]
    return [percent(row["recall_macro"]), span(row), *numbers, f"{float(row['loss']):.3f}"]


def show_sweep(table: pd.DataFrame, folder: Path, swept: list[str]) -> None:
    """Print one row per job of a sweep: what was varied, the headline numbers, the status."""
    splits = sorted(set(table.loc[table["status"] == "done", "split"]))
    own = ["split"] if len(splits) > 1 else []  # else the title says it: 80 columns are few
    title = f"sweep of {len(table)} jobs" + (f", {splits[0]} clips" if len(splits) == 1 else "")
    grid = grid_of(title, [*swept, *own, *_COLUMNS, "status"], str(folder / "sweep.csv"))
    for _, row in table.iterrows():
        values = [printable(str(row[name])) for name in swept]
        if row["status"] == "done":
            grid.add_row(*values, *row[own].astype(str), *_cells(row), "done")
        else:
            grid.add_row(*values, *[""] * len([*own, *_COLUMNS]), row["status"])
    show_grid(grid, [*DROPPED, "status"], "sweep.csv")
    if any(_has_interval(row) for _, row in table.iterrows()):
        console.say(ABOUT)
    for _, row in table[table["error"] != ""].iterrows():
        console.error(f"{', '.join(f'{name}={row[name]}' for name in swept)}: {row['error']}")


def show_sweep_limits(table: pd.DataFrame, folder: Path) -> None:
    """Print chance and the warnings of a sweep's finished jobs, each once: a table of methods has neither.

    `folder` is the sweep's, which the table's column `folder` is relative to.
    """
    done = table[table["status"] == "done"]
    if len(done):
        words = dict.fromkeys(map(percent, done["chance"]))
        console.say(f"chance {', '.join(words)}")
    for text in warnings_of(folder, table):
        console.say(f"warning: {text}", style="yellow")
