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


def show_run(run: Run) -> None:
    """Print the folds of a finished run, its summary and where everything is."""
    folds, summary = run.read("metrics/folds.csv"), run.read("metrics/summary.csv")
    head = folds.iloc[0]
    title = " · ".join(str(head[key]) for key in ("dataset", "sampler", "enhance", "extractor", "classifier", "cv"))
    notes = [*run.caveats(), f"chance {percent(summary['chance'].iloc[0])} ({summary['split'].iloc[0]})"]
    grid = _grid(title, ["split", "fold", "n", "correct", "accuracy", "recall", "loss", "epochs"], "; ".join(notes))
    for _, row in folds.iterrows():
        grid.add_row(*_cells(row, row["split"], str(row["fold"]), str(row["epochs"])))
    for _, row in summary[summary["of"] == "folds"].iterrows():
        grid.add_section()
        what = "all" if row["split"] == "validation" else "mean"
        grid.add_row(*_cells(row, row["split"], what, ""), style="bold")
    console.out.print(grid)
    console.out.print(str(run.folder), soft_wrap=True, markup=False)


def _cells(row: pd.Series, split: str, fold: str, epochs: str) -> list[str]:
    numbers = [str(row["n"]), f"{float(row['correct']):.4g}", percent(row["accuracy"]), percent(row["recall_macro"])]
    return [split, fold, *numbers, f"{float(row['loss']):.3f}", epochs]


def show_sweep(table: pd.DataFrame, folder: Path, swept: list[str]) -> None:
    """Print one row per job of a sweep: what was varied, the headline numbers, the status."""
    columns = [*swept, "split", "n", "correct", "accuracy", "recall", "loss", "status"]
    grid = _grid(f"sweep of {len(table)} jobs", columns, str(folder / "sweep.csv"))
    for _, row in table.iterrows():
        values = [str(row[name]) for name in swept]
        if row["status"] == "done":
            split, _, *numbers, _ = _cells(row, str(row["split"]), "", "")
            grid.add_row(*values, split, *numbers, "done")
        else:
            grid.add_row(*values, *[""] * 6, row["status"])
    console.out.print(grid)
    for _, row in table[table["error"] != ""].iterrows():
        console.error(f"{', '.join(f'{name}={row[name]}' for name in swept)}: {row['error']}")
