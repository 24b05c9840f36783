"""report.html of a run: one file, no script, nothing fetched, every text escaped."""

from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from darkhar_cli.files.tables import write_text
from darkhar_cli.labels import METHOD_LABELS, ROW_LABELS
from darkhar_cli.report.terminal import headlines, with_span
from darkhar_cli.runs.run_folder import Run

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1b1f24; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { white-space: nowrap; padding: 0.2rem 0.7rem; text-align: right; border-bottom: 1px solid #d8dee4; }
th:first-child, td:first-child { text-align: left; }
pre { background: #f6f8fa; padding: 0.8rem; overflow-x: auto; }
.warnings { background: #fff4d6; border: 2px solid #c77700; border-radius: 6px; padding: 0.2rem 1rem; margin: 1rem 0; }
.warnings h2 { margin: 0.5rem 0 0; font-size: 1.1rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
svg { max-width: 100%; height: auto; }
"""
_SHARES = {"accuracy", "recall_macro", "chance", "precision", "recall", "f1", "lower", "upper"}
_SUMMARY = {"recall_macro": "macro recall", "accuracy": "share of clips", "f1_macro": "macro F1"}
_SUMMARY |= {"recall_folds": "mean over folds", "top_2": "top 2", "calibration_error": "calibration error"}
_HEADINGS = {"of": "aggregate", "recall_macro": "macro recall"}  # of columns whose names are for programs


def _cell(column: str, value: Any) -> str:
    if value == "" or pd.isna(value):
        return ""
    if column in _SHARES:
        return f"{100 * float(value):.1f} %"
    return f"{float(value):.3f}" if column == "loss" else f"{float(value):.4g}" if column == "correct" else str(value)


def _table(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(_HEADINGS.get(name, str(name)))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f'<td dir="auto">{escape(_cell(name, row[name]))}</td>' for name in table.columns) + "</tr>"
        for _, row in table.iterrows()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _summary(table: pd.DataFrame, first: str) -> str:
    """Return a summary's rows as a table of the columns that are read most, numbers with their intervals."""
    shown = table.reindex(columns=[first, "split", "n", "correct"], fill_value="")
    for name, title in _SUMMARY.items():
        shown[title] = [with_span(row, name) for _, row in table.iterrows()]
    return _table(shown.assign(loss=table["loss"]))


def _warnings(run: Run) -> str:
    """Return what must be known of the numbers as a prominent box, or nothing."""
    items = "".join(f"<li>{escape(caveat.text)}</li>" for caveat in run.warnings())
    return f'<div class="warnings" role="alert"><h2>What limits these numbers</h2><ul>{items}</ul></div>' * bool(items)


def save_page(run: Run, figures: Mapping[str, str]) -> None:
    """Write report.html from a run's tables and figures; what limits the numbers is under the title."""
    folds, summary = run.read("metrics/folds.csv"), run.read("metrics/summary.csv")
    controls = run.controls()
    title = " · ".join(str(folds.iloc[0][name]) for name in METHOD_LABELS)
    drawings = "".join(svg[svg.index("<svg") :] for svg in figures.values())
    verdict = run.facts().get("verdict", "")
    parts = [
        f"<h1>{escape(title)}</h1><p>seed {escape(str(folds.iloc[0]['seed']))}</p>",
        _warnings(run),
        "<h2>All clips together</h2>",
        *(f"<p>{escape(line)}</p>" for line in headlines(summary)),
        _summary(summary, "of"),
        *(
            [
                f"<h2>Controls: what is scored without the action</h2><p>{escape(verdict)}</p>"
                + _summary(controls, "control")
            ]
            if len(controls)
            else []
        ),
        "<h2>Folds</h2>" + _table(folds.drop(columns=list(ROW_LABELS))),
        f'<h2>Figures</h2><div class="figures">{drawings}</div>',
        "<h2>Classes</h2>" + _table(run.read("metrics/per_class.csv")),
        "<h2>Brightness (mean luma of a clip)</h2>" + _table(run.read("metrics/brightness.csv")),
        f"<h2>Configuration</h2><pre>{escape((run.folder / 'config.yaml').read_text(encoding='utf-8'))}</pre>",
    ]
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    write_text(run.folder / "report.html", page + "<body>" + "".join(parts) + "</body></html>\n")
