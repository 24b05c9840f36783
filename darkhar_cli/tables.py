"""The tables a user sees on the terminal, from run folders alone."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich import box
from rich.markup import escape
from rich.table import Table

from darkhar_cli import console, metrics
from darkhar_cli.runs import Run

_NARROW = (
    "split",
    "fold",
    "n",
    "correct",
    "accuracy",
    "95 %",
    "recall",
    "loss",
    "epochs",
    "p (Holm)",
    "rank",
    "verdict",
    "difference",
)
_MOST_FOLDS = 12  # more are told in the summary's rows alone


def percent(value: Any) -> str:
    """Return a share as the tables print it."""
    return "" if value == "" else f"{100 * float(value):.1f} %"


def grid_of(title: str, columns: list[str], caption: str = "") -> Table:
    """Return an empty table that fits a terminal of 80 columns."""
    style = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "title_justify": "left", "caption_justify": "left"}
    table = Table(title=escape(title), caption=escape(caption), **style)
    for name in columns:
        left = name in ("split", "fold", "status", "", "verdict")
        table.add_column(name, justify="left" if left else "right", no_wrap=name in _NARROW, overflow="fold")
    return table


def span(row: pd.Series) -> str:
    """Return a row's interval in percent, `[8.9, 23.0]`, or nothing where it has none."""
    ends = [row["lower"], row["upper"]]
    if any(end == "" or pd.isna(end) for end in ends):
        return ""
    return "[{:.1f}, {:.1f}]".format(*(100 * float(end) for end in ends))  # a column with an empty cell is text


def chance(row: pd.Series) -> str:
    """Return in words what guessing would score."""
    words = f"chance {percent(row['chance'])}"
    more = float(row["largest_class"]) > float(row["chance"]) + 0.0005
    return words + (f", always the largest class {percent(row['largest_class'])}" if more else "")


def show_run(run: Run) -> None:
    """Print a finished run: its folds (if not too many), its summary with intervals, its controls, and where all is."""
    folds, summary = run.read("metrics/folds.csv"), run.read("metrics/summary.csv")
    head, whole = folds.iloc[0], summary.iloc[0]
    title = " · ".join(str(head[key]) for key in ("dataset", "sampler", "enhance", "extractor", "classifier", "cv"))
    notes = chance(whole)
    grid = grid_of(title, ["split", "fold", "n", "correct", "accuracy", "95 %", "recall", "loss"], notes)
    repeats = folds["repeat"].nunique() > 1
    number = int(summary["folds"].max())
    many = number > _MOST_FOLDS
    for _, row in () if many else folds.iterrows():
        name = f"{row['repeat']}/{row['fold']}" if repeats else str(row["fold"])
        grid.add_row(*_cells(row, row["split"], name, ""))
    for _, row in summary.iterrows():
        grid.add_section()
        what = "ensemble" if row["of"] == "ensemble" else "mean" if row["split"] in metrics.TESTS else "all"
        grid.add_row(*_cells(row, row["split"], what, span(row)), style="bold")
    grid.add_section()
    for _, row in run.controls().iterrows():
        grid.add_row(
            *_cells(row, f"{'' if row['split'] == 'validation' else 'test '}control", row["control"], span(row))
        )
    console.out.print(grid)
    for _, row in summary.iterrows():
        console.out.print(headline(row), soft_wrap=True, markup=False)
    warnings, verdict = run.warnings(), run.facts().get("verdict")
    if verdict and verdict not in run.caveats():
        console.out.print(f"controls: {verdict}", soft_wrap=True, markup=False)
    for caveat in warnings:
        console.out.print(f"[yellow]warning:[/] {escape(caveat.text)}", soft_wrap=True)
    if many:
        place = run.folder / "metrics" / "folds.csv"
        console.out.print(f"each of the {number} folds: {place}", soft_wrap=True, markup=False)
    console.out.print(str(run.folder), soft_wrap=True, markup=False)


def headline(row: pd.Series) -> str:
    """Return a summary row as a sentence: count, share, interval, chance, and what they rest on."""
    of = " (ensemble)" if row["of"] == "ensemble" else ""
    share = f"{float(row['correct']):.4g} of {row['n']} clips, {percent(row['accuracy'])} {span(row)}".rstrip()
    how = str(row["interval"])
    if row["group_accuracy"] != "":
        how += f", each counting once (mean {percent(row['group_accuracy'])})"
    basis = f"95 % by {how}" if span(row) else "one group gives no interval"
    return f"{row['split']}{of}: {share}, {chance(row)}; {basis}{_over_folds(row)}"


def _over_folds(row: pd.Series) -> str:
    """Return the mean of the folds' own recalls in words, or nothing where there is one fold, or an ensemble."""
    mean, spread = row.get("recall_folds", ""), row.get("recall_macro_sd", "")
    if mean == "" or spread == "":
        return ""
    return f"; mean recall over {row['folds']} folds {percent(mean)} (sd {100 * float(spread):.1f})"


def _cells(row: pd.Series, split: str, fold: str, between: str) -> list[str]:
    numbers = [str(row["n"]), f"{float(row['correct']):.4g}", percent(row["accuracy"]), between]
    return [split, fold, *numbers, percent(row["recall_macro"]), f"{float(row['loss']):.3f}"]


def show_sweep(table: pd.DataFrame, folder: Path, swept: list[str]) -> None:
    """Print one row per job of a sweep: what was varied, the headline numbers, the status."""
    columns = [*swept, "split", "n", "correct", "accuracy", "95 %", "recall", "loss", "status"]
    grid = grid_of(f"sweep of {len(table)} jobs", columns, str(folder / "sweep.csv"))
    for _, row in table.iterrows():
        values = [str(row[name]) for name in swept]
        if row["status"] == "done":
            split, _, *numbers = _cells(row, str(row["split"]), "", span(row))
            grid.add_row(*values, split, *numbers, "done")
        else:
            grid.add_row(*values, *[""] * 7, row["status"])
    console.out.print(grid)
    for _, row in table[table["error"] != ""].iterrows():
        console.error(f"{', '.join(f'{name}={row[name]}' for name in swept)}: {row['error']}")
