"""Tables of a page: shares as percentages, names escaped, sortable where a script may run."""

from typing import Any

import pandas as pd

from darkhar_cli.report.page.markup import Html, scrolling, tag
from darkhar_cli.report.terminal import with_span

_SHARES = {"accuracy", "recall_macro", "chance", "precision", "recall", "f1", "lower", "upper"}
_SUMMARY = {"recall_macro": "macro recall", "accuracy": "share of clips", "f1_macro": "macro F1"}
_SUMMARY |= {"recall_folds": "mean over folds", "top_2": "top 2", "calibration_error": "calibration error"}
_HEADINGS = {"of": "aggregate", "recall_macro": "macro recall"}  # of columns whose names are for programs
_TEXTS = {"split", "class", "fold", "status", "verdict", "group", "label", "enhancement", "", "control", "run", "of"}


def table(of: pd.DataFrame, label: str, links: dict[str, str] | None = None) -> Html:
    """Return a table that scrolls inside itself.

    Args:
        of: its rows; a column's name is its heading, or stands for one.
        label: what it is, for those who cannot see it.
        links: of the cells of the first column: text -> relative address.
    """
    kinds = ["text" if name in _TEXTS and number else None for number, name in enumerate(of.columns)]
    headings = [_HEADINGS.get(name, str(name)) for name in of.columns]
    head = tag("tr", [tag("th", text, class_=kind) for text, kind in zip(headings, kinds, strict=True)])
    rows = []
    for _, row in of.iterrows():
        texts = [cell(str(name), row[name]) for name in of.columns]
        shown: list[Any] = list(texts)
        if links and texts[0] in links:
            shown[0] = tag("a", texts[0], href=links[texts[0]])
        cells = zip(shown, [_kind(text, kind) for text, kind in zip(texts, kinds, strict=True)], strict=True)
        rows.append(tag("tr", [tag("td", text, dir="auto", class_=kind) for text, kind in cells]))
    return scrolling(label, tag("table", tag("thead", head), tag("tbody", rows), class_="sorted"))


def _kind(text: str, kind: str | None) -> str | None:
    return "text long" if kind and len(text) > 80 else kind


def cell(column: str, value: Any) -> str:
    """Return a cell as it is read: shares in percent, losses to three digits."""
    if value == "" or pd.isna(value):
        return ""
    if column in _SHARES:
        return f"{100 * float(value):.1f} %"
    return f"{float(value):.3f}" if column == "loss" else f"{float(value):.4g}" if column == "correct" else str(value)


def summary_table(of: pd.DataFrame, first: str) -> Html:
    """Return a summary's rows as a table of the columns that are read most, numbers with their intervals."""
    shown = of.reindex(columns=[first, "split", "n", "correct"], fill_value="")
    for name, title in _SUMMARY.items():
        shown[title] = [with_span(row, name) for _, row in of.iterrows()]
    return table(shown.assign(loss=of["loss"]), "numbers with their intervals")
