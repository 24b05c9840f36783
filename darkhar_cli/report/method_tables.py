"""A comparison of methods as a user sees it on the terminal."""

from pathlib import Path

import pandas as pd
from rich.table import Table

from darkhar_cli import console
from darkhar_cli.evaluation.comparison import Comparison
from darkhar_cli.metrics.evidence import points
from darkhar_cli.report.fitting import grid_of, show_grid
from darkhar_cli.report.terminal import percent

# which go first where the terminal is too narrow for all
DROPPED_OF_METHODS = ["sd", "of clips", "95 % ", "seeds", "rank", "95 %"]
DROPPED_OF_DIFFERENCES = ["McNemar", "of clips", "p (Holm)", "95 %"]


def show(comparison: Comparison, place: str) -> None:
    """Print the methods, the differences from the baseline, the sentences, what else must be known, and where it is."""
    table = comparison.table
    first = table.iloc[0]
    by = first["interval"] if pd.isna(first["recall_lower"]) else f"95 % intervals: {first['interval']}"
    console.say(f"{first['n']} clips; chance {percent(first['chance'])}; {by}")
    show_grid(_methods(table), DROPPED_OF_METHODS, Path(place).name)
    if len(table) > 1:
        show_grid(_differences(table, comparison.baseline), DROPPED_OF_DIFFERENCES, Path(place).name)
    for text in (*comparison.sentences, *comparison.notes):
        console.say(text)
    console.out.print(place, soft_wrap=True)


def _span(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"[{100 * low:.1f}, {100 * high:.1f}]"


def _methods(table: pd.DataFrame) -> Table:
    several = (table["seeds"] > 1).any()
    seeds = ["seeds", "sd"] if several else []
    grid = grid_of("by method", ["rank", "", *seeds, "recall", "95 %", "of clips", "95 % "])
    for _, row in table.iterrows():
        spread = "" if pd.isna(row["recall_sd"]) else f"{100 * row['recall_sd']:.1f}"
        grid.add_row(
            str(row["rank"]),
            row["name"],
            *((str(row["seeds"]), spread) if several else ()),
            percent(row["recall_macro"]),
            _span(row["recall_lower"], row["recall_upper"]),
            percent(row["accuracy"]),
            _span(row["lower"], row["upper"]),
        )
    return grid


def _differences(table: pd.DataFrame, baseline: str) -> Table:
    title = f"against {baseline} (baseline=... chooses another)"
    single = table["mcnemar"].notna().any()
    columns = ["", "diff.", "95 %", "p (Holm)", *(["McNemar"] if single else []), "of clips", "verdict"]
    grid = grid_of(title, columns)
    for _, row in table[table["difference"].notna()].iterrows():
        low, high = row["difference_lower"], row["difference_upper"]
        grid.add_row(
            row["name"],
            points(row["difference"]),
            "" if pd.isna(low) else f"{points(low)} to {points(high)}",
            f"{row['p_holm']:.3g}",
            *(["" if pd.isna(row["mcnemar"]) else f"{row['mcnemar']:.3g}"] if single else []),
            points(row["share_difference"]),
            row["verdict"],
        )
    return grid
