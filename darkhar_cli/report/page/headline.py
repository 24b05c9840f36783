"""The number to go by, as a sentence and as a bar with its interval, chance and the controls."""

from math import isfinite, nan
from typing import Any

import pandas as pd

from darkhar_cli.names import several
from darkhar_cli.report.page.intervals import Row, chart, shares
from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, joined, tag
from darkhar_cli.report.page.tables import summary_table
from darkhar_cli.report.terminal import headlines, official_mean, percent, with_span
from darkhar_cli.runs.run_folder import Run


def number(value: Any) -> float:
    """Return a cell as a number; nan of an empty one."""
    return nan if value is None or value == "" or pd.isna(value) else float(value)


def above_chance(value: float, low: float, high: float, chance: float) -> str:
    """Return in words what an interval says of chance."""
    guessing = f"guessing scores {percent(chance)}" if isfinite(chance) else "chance is not known"
    if not (isfinite(low) and isfinite(chance)):
        return f"{guessing}; there is no interval, so whether it is above that is not shown"
    if low > chance:
        return f"{guessing}, which is below the interval: above chance"
    if high < chance:
        return f"{guessing}, which is above the interval: below chance"
    return f"{guessing}, which the interval holds: not shown to be above chance"


def headline(run: Run) -> Html:
    """Return a run's or an evaluation's numbers: of the first split the sentence, of all a bar and a table."""
    summary, controls = run.read("metrics/summary.csv"), run.controls()
    first = summary.iloc[0]
    sentences = [*headlines(summary), *official_mean(run.read("metrics/folds.csv"))]
    return section(
        "All clips together",
        _sentence(first),
        chart(_rows(summary, controls), shares(number(first["chance"])), "macro recall with 95 % intervals"),
        [tag("p", line, class_="note") for line in sentences],
        summary_table(summary, "of"),
        _controls(run, controls),
    )


def _sentence(row: pd.Series) -> Html:
    value, low, high = (number(row.get(name, "")) for name in ("recall_macro", "recall_lower", "recall_upper"))
    interval = f" (95 % interval {100 * low:.1f} to {100 * high:.1f})" if isfinite(low) else ""
    clips = several(int(row["n"]), f"{row['split']} clip")
    rest = f" macro recall{interval} on {clips}; {above_chance(value, low, high, number(row['chance']))}."
    return tag("p", tag("strong", percent(value)), rest, class_="headline")


def _rows(summary: pd.DataFrame, controls: pd.DataFrame) -> list[Row]:
    rows = []
    for place, (_, row) in enumerate(summary.iterrows()):
        name = f"{row['split']}{' (ensemble)' if row['of'] == 'ensemble' else ''}"
        rows.append(_row(name, row, main=not place))
    if len(controls):
        split, of = summary.iloc[0]["split"], summary.iloc[0]["of"]
        beside = controls[(controls["split"] == split) & (controls["of"] == of)]
        rows[1:1] = [_row(f"control: {row['control']}", row) for _, row in beside.iterrows()]
    return rows


def _row(name: str, row: pd.Series, main: bool = False) -> Row:
    value, low, high = (number(row.get(key, "")) for key in ("recall_macro", "recall_lower", "recall_upper"))
    return Row(name, value, low, high, text=with_span(row, "recall_macro"), main=main)


def _controls(run: Run, controls: pd.DataFrame) -> Html | None:
    if not len(controls):
        return None
    return joined(
        tag("h2", "Controls: what is scored without the action"),
        tag("p", run.record().verdict),
        summary_table(controls, "control"),
    )
