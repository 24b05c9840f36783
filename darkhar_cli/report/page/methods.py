"""Methods compared: each with its interval, the differences from the baseline, and what they come to in words."""

from math import isfinite

import pandas as pd

from darkhar_cli.evaluation.comparison import Comparison
from darkhar_cli.metrics.evidence import points
from darkhar_cli.report.page.headline import number
from darkhar_cli.report.page.intervals import Row, chart, differences, shares
from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, joined, tag
from darkhar_cli.report.page.tables import table
from darkhar_cli.report.terminal import percent

_WARNING = "warning: "
_EQUAL = 1e-9  # shares nearer than that are one number


def warnings_of(comparison: Comparison) -> list[str]:
    """Return what limits the numbers of a comparison."""
    return [note.removeprefix(_WARNING) for note in comparison.notes if note.startswith(_WARNING)]


def methods(comparison: Comparison) -> Html:
    """Return methods as dots with intervals, differences likewise, the sentences and the numbers."""
    rows = comparison.table
    notes = [note for note in comparison.notes if not note.startswith(_WARNING)]
    others = [tag("p", note, class_="note") for note in notes]
    return joined(
        section(
            "Methods",
            _headline(comparison),
            chart(_methods(rows), shares(number(rows["chance"].max())), "macro recall of each method"),
            tag("p", _basis(rows), class_="note"),
        ),
        _differences(comparison),
        section("In words", [tag("p", text) for text in comparison.sentences], others),
        section("Numbers", _numbers(rows)),
    )


def _headline(comparison: Comparison) -> Html:
    """Return which methods are shown to differ from the baseline, in a sentence."""
    rows, base = comparison.table, comparison.baseline
    best = rows.iloc[0]
    if len(rows) < 2:
        rest = f" macro recall: {best['name']}."
        return tag("p", tag("strong", percent(best["recall_macro"])), rest, class_="headline")
    shown = [
        f"{row['name']} is {row['verdict'].split()[0]} than {base} by {points(abs(row['difference']), '')} points "
        f"[{points(row['difference_lower'])} to {points(row['difference_upper'])}]"
        for _, row in rows.iterrows()
        if str(row["verdict"]).startswith(("better", "worse"))
    ]
    if shown:
        return tag("p", "; ".join(shown), ".", class_="headline")
    top = [str(row["name"]) for _, row in rows.iterrows() if abs(row["recall_macro"] - best["recall_macro"]) < _EQUAL]
    who = f"that of all {len(rows)} methods" if len(top) == len(rows) else f"the highest ({', '.join(top)})"
    rest = f" macro recall is {who}; no method is shown to differ from {base}."
    return tag("p", tag("strong", percent(best["recall_macro"])), rest, class_="headline")


def _basis(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    chance = f"chance {percent(first['chance'])}"
    return f"Macro recall on {first['n']} clips, 95 % intervals: {first['interval']}; {chance}."


def _methods(rows: pd.DataFrame) -> list[Row]:
    made = []
    for _, row in rows.iterrows():
        value, low, high = (number(row[name]) for name in ("recall_macro", "recall_lower", "recall_upper"))
        interval = f" [{100 * low:.1f}, {100 * high:.1f}]" if isfinite(low) else ""
        made.append(Row(str(row["name"]), value, low, high, text=f"{percent(value)}{interval}"))
    return made


def _differences(comparison: Comparison) -> Html | None:
    rows = comparison.table[comparison.table["difference"].notna()]
    if rows.empty:
        return None
    made, ends = [], []
    for _, row in rows.iterrows():
        value, low, high = (number(row[name]) for name in ("difference", "difference_lower", "difference_upper"))
        ends += [value, low, high]
        interval = f" [{points(low)}, {points(high)}]" if isfinite(low) else ""
        made.append(Row(str(row["name"]), value, low, high, f"{points(value)}{interval}, {row['verdict']}"))
    return section(
        f"Differences from {comparison.baseline}",
        tag("p", "Points of macro recall, with 95 % intervals; clips are paired one by one.", class_="note"),
        chart(made, differences(ends), "differences in points of macro recall"),
    )


def _numbers(rows: pd.DataFrame) -> Html:
    shown = pd.DataFrame({"": rows["name"], "rank": rows["rank"], "seeds": rows["seeds"], "clips": rows["n"]})
    for title, name, low, high in (
        ("macro recall", "recall_macro", "recall_lower", "recall_upper"),
        ("share of clips", "accuracy", "lower", "upper"),
    ):
        shown[title] = [_with_span(row, name, low, high) for _, row in rows.iterrows()]
    shown["difference"] = [points(value) if isfinite(value) else "" for value in map(number, rows["difference"])]
    shown["p (Holm)"] = [f"{value:.3g}" if isfinite(value) else "" for value in map(number, rows["p_holm"])]
    shown["verdict"] = rows["verdict"]
    return table(shown, "methods in numbers")


def _with_span(row: pd.Series, name: str, low: str, high: str) -> str:
    ends = f" [{100 * row[low]:.1f}, {100 * row[high]:.1f}]" if isfinite(number(row[low])) else ""
    return f"{percent(row[name])}{ends}"
