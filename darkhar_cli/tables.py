"""The tables a user sees on the terminal, from run folders alone."""

from pathlib import Path
from typing import Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from darkhar_cli import console
from darkhar_cli.runs import Run


def percent(value: Any) -> str:
    """Return a share as the tables print it."""
    return "" if value == "" else f"{100 * float(value):.1f} %"


def _grid(title: str, columns: list[str], caption: str) -> Table:
    table = Table(title=escape(title), caption=escape(caption), title_justify="left", caption_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name in ("split", "fold", "status") else "right")
    return table


def span(row: pd.Series) -> str:
    """Return a row's interval in percent, `[8.9, 23.0]`, or nothing where it has none."""
    ends = [row["lower"], row["upper"]]
    return "" if any(end == "" or pd.isna(end) for end in ends) else "[{:.1f}, {:.1f}]".format(*(100 * e for e in ends))


def chance(row: pd.Series) -> str:
    """Return in words what guessing would score."""
    words = f"chance {percent(row['chance'])}"
    more = float(row["largest_class"]) > float(row["chance"]) + 0.0005
    return words + (f", always the largest class {percent(row['largest_class'])}" if more else "")


def show_run(run: Run) -> None:
    """Print the folds of a finished run, its summary with intervals, its controls, and where everything is."""
    folds, summary = run.read("metrics/folds.csv"), run.read("metrics/summary.csv")
    head, whole = folds.iloc[0], summary.iloc[0]
    title = " · ".join(str(head[key]) for key in ("dataset", "sampler", "enhance", "extractor", "classifier", "cv"))
    about = f"95 %: {whole['interval']}"
    if whole["group_accuracy"] != "":
        about += f", each counting once (mean {percent(whole['group_accuracy'])})"
    notes = "; ".join([*run.caveats(), chance(whole), about])
    grid = _grid(title, ["split", "fold", "n", "correct", "accuracy", "95 %", "recall", "loss", "epochs"], notes)
    repeats = folds["repeat"].nunique() > 1
    for _, row in folds.iterrows():
        name = f"{row['repeat']}/{row['fold']}" if repeats else str(row["fold"])
        grid.add_row(*_cells(row, row["split"], name, "", str(row["epochs"])))
    for _, row in summary.iterrows():
        grid.add_section()
        what = "ensemble" if row["of"] == "ensemble" else "all" if row["split"] == "validation" else "mean"
        grid.add_row(*_cells(row, row["split"], what, span(row), ""), style="bold")
    for _, row in run.controls().iterrows():
        grid.add_section()
        grid.add_row(*_cells(row, row["split"], row["control"], span(row), ""), style="dim")
    console.out.print(grid)
    console.out.print(str(run.folder), soft_wrap=True, markup=False)


def _cells(row: pd.Series, split: str, fold: str, between: str, epochs: str) -> list[str]:
    numbers = [str(row["n"]), f"{float(row['correct']):.4g}", percent(row["accuracy"]), between]
    return [split, fold, *numbers, percent(row["recall_macro"]), f"{float(row['loss']):.3f}", epochs]


def show_sweep(table: pd.DataFrame, folder: Path, swept: list[str]) -> None:
    """Print one row per job of a sweep: what was varied, the headline numbers, the status."""
    columns = [*swept, "split", "n", "correct", "accuracy", "95 %", "recall", "loss", "status"]
    grid = _grid(f"sweep of {len(table)} jobs", columns, str(folder / "sweep.csv"))
    for _, row in table.iterrows():
        values = [str(row[name]) for name in swept]
        if row["status"] == "done":
            split, _, *numbers, _ = _cells(row, str(row["split"]), "", span(row), "")
            grid.add_row(*values, split, *numbers, "done")
        else:
            grid.add_row(*values, *[""] * 7, row["status"])
    console.out.print(grid)
    for _, row in table[table["error"] != ""].iterrows():
        console.error(f"{', '.join(f'{name}={row[name]}' for name in swept)}: {row['error']}")
