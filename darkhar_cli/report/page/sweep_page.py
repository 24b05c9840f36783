"""The page of a sweep and of a comparison."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from darkhar_cli.evaluation.comparison import Comparison
from darkhar_cli.evaluation.sweep_table import warnings_of
from darkhar_cli.names import several
from darkhar_cli.report.page import about, breakdown, methods
from darkhar_cli.report.page.headline import above_chance, number
from darkhar_cli.report.page.intervals import Row, chart, shares
from darkhar_cli.report.page.layout import page, section
from darkhar_cli.report.page.markup import Html, joined, tag
from darkhar_cli.report.page.tables import table
from darkhar_cli.report.terminal import percent, with_span
from darkhar_cli.runs.run_folder import Run


def sweep_page(
    folder: Path, jobs: pd.DataFrame, swept: Sequence[str], compared: Comparison | None, facts: Mapping[str, Any]
) -> str:
    """Return the page of a sweep.

    Args:
        folder: the sweep's.
        jobs: a row per job, as `sweep_table.sweep_table` makes it.
        swept: what it varies.
        compared: its methods, where they can be compared.
        facts: what sweep.json keeps: `overrides` as typed, `started`.
    """
    done = jobs[jobs["status"] == "done"]
    unfinished = several(len(jobs) - len(done), "job")
    warnings = [f"{unfinished} of {len(jobs)} not done: see the jobs below"] if len(done) < len(jobs) else []
    warnings += methods.warnings_of(compared) if compared else warnings_of(folder, done)
    known = {"date": str(facts.get("started", ""))[:10], "jobs": f"{len(jobs)}, of which {len(done)} are done"}
    known |= {"varied": ", ".join(swept), "data": ", ".join(dict.fromkeys(map(str, done["dataset"])))}
    known |= {"clips": _clips(folder, done), "folder": folder.name}
    words = facts.get("overrides")
    return page(
        f"Sweep over {', '.join(swept) or 'one job'}",
        f"A sweep of darkhar: {several(len(jobs), 'job')}{', ' + known['date'] if known['date'] else ''}",
        warnings,
        methods.methods(compared) if compared else _best(done, swept),
        _brightness(folder, done, swept),
        section(
            "What was run",
            about.command(about.command_in_words("train -m", words)) if words else None,
            about.facts_list(known),
        ),
        _jobs(folder, jobs, swept),
    )


def comparison_page(compared: Comparison, folders: Sequence[Path], words: Sequence[str]) -> str:
    """Return the page of a comparison of runs.

    Args:
        compared: what was found.
        folders: of the runs or sweeps, as they were given.
        words: behind `darkhar compare`.
    """
    rows = compared.table
    first = rows.iloc[0]
    known = {"methods": len(rows), "clips": f"{first['n']} in {first['over']}", "baseline": compared.baseline}
    places = [joined(tag("li", str(row["name"]), ": ", str(row["folder"]))) for _, row in rows.iterrows()]
    return page(
        f"{several(len(rows), 'method')} compared",
        f"A comparison by darkhar, clip by clip, of {several(len(folders), 'folder')}",
        methods.warnings_of(compared),
        methods.methods(compared),
        section(
            "What was compared",
            about.command(about.command_in_words("compare", words)),
            about.facts_list(known),
            tag("ul", places),
        ),
    )


def _clips(folder: Path, done: pd.DataFrame) -> str:
    """Return the clips of the first finished job, which those of a sweep over methods share."""
    return about.counted(Run(folder / done.iloc[0]["folder"])) if len(done) else ""


def _name(row: pd.Series, swept: Sequence[str]) -> str:
    return " ".join(f"{key}={row[key]}" for key in swept if key in row) or str(row["folder"])


def _best(done: pd.DataFrame, swept: Sequence[str]) -> Html:
    """Return jobs as dots with intervals, where methods are not compared."""
    if not len(done):
        return section("Jobs that are done", tag("p", "None: each job's error is below.", class_="headline"))
    best = done.loc[done["recall_macro"].astype(float).idxmax()]
    ends = [number(best[name]) for name in ("recall_macro", "recall_lower", "recall_upper", "chance")]
    told = f" macro recall is the highest of {several(len(done), 'job')} ({_name(best, swept)}); {above_chance(*ends)}."
    rows = []
    for _, row in done.iterrows():
        value, low, high = (number(row[name]) for name in ("recall_macro", "recall_lower", "recall_upper"))
        rows.append(Row(_name(row, swept), value, low, high, text=with_span(row, "recall_macro")))
    return section(
        "Jobs that are done",
        tag("p", tag("strong", percent(best["recall_macro"])), told, class_="headline"),
        tag("p", "The highest of several is too high by chance.", class_="note"),
        chart(rows, shares(number(best["chance"])), "macro recall of each job"),
    )


def _brightness(folder: Path, done: pd.DataFrame, swept: Sequence[str]) -> Html | None:
    """Return accuracy by brightness of every finished job; an enhancement may help where it is darkest."""
    named = [(_name(row, swept), Run(folder / row["folder"])) for _, row in done.iterrows()]
    return breakdown.brightness_of_jobs(named, number(done.iloc[0]["chance"])) if named else None


def _jobs(folder: Path, jobs: pd.DataFrame, swept: Sequence[str]) -> Html:
    shown = pd.DataFrame({"run": jobs["folder"]})
    for key in swept:
        shown[key] = jobs[key]
    for title, name in (("macro recall", "recall_macro"), ("share of clips", "accuracy")):
        shown[title] = [with_span(row, name) if row["status"] == "done" else "" for _, row in jobs.iterrows()]
    shown["n"], shown["status"] = jobs["n"], jobs["status"]
    if (jobs["error"] != "").any():
        shown["error"] = jobs["error"]
    pages = {place: f"{place}/report.html" for place in jobs["folder"] if (folder / place / "report.html").is_file()}
    links = {place: quote(address) for place, address in pages.items()}
    return section("Jobs", table(shown, "jobs", links))
