"""Caveats that follow from a run's tables, kept in run.json and in summary.csv."""

import pandas as pd

from darkhar_cli import caveats
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.evaluation.verdict import judge
from darkhar_cli.metrics import statistics, tables
from darkhar_cli.runs.run_folder import Run


def conclude(run: Run) -> list[Caveat]:
    """Add the caveats that follow from the run's tables, write all of them into summary.csv; return the new."""
    new = [*too_few_groups(run), *below_chance(run)]
    verdict = judge(run)
    if verdict:
        new += verdict.caveats
        run.add_facts(verdict=verdict.text)
    texts = {caveat.text for caveat in new}
    kept = [
        caveat for caveat in run.record().caveats if caveat.kind not in caveats.FROM_TABLES and caveat.text not in texts
    ]
    run.add_facts(caveats=caveats.stored([*kept, *new]))
    save_warnings(run)
    return new


def control_runs(run: Run) -> dict[str, Run]:
    """Return the runs of a run's controls by name (`background`, ...), in order of name."""
    places = sorted((run.folder / "controls").glob("control_*"))
    return {place.name.removeprefix("control_"): Run(place) for place in places}


def gather_controls(run: Run) -> None:
    """Write metrics/controls.csv: the summaries of the run's controls, one below the other."""
    rows = [one.read("metrics/summary.csv").assign(control=name) for name, one in control_runs(run).items()]
    run.save("metrics/controls.csv", pd.concat(rows))


def save_warnings(run: Run) -> None:
    """Write the caveats of each row of summary.csv into its column `warnings`."""
    summary = run.read("metrics/summary.csv")
    texts = [caveats.cell(caveat.text for caveat in run.warnings_of(split)) for split in summary["split"]]
    run.save("metrics/summary.csv", summary.assign(warnings=texts))


def too_few_groups(run: Run) -> list[Caveat]:
    """Return the splits whose clips come from too few groups (or backgrounds) for an interval."""
    predictions, new = run.read("predictions.csv"), []
    for split in ("validation", "test"):
        by = tables.clusters(tables.per_clip(predictions, split))
        if 0 < by.count < statistics.FEWEST:
            text = f"{split}: only {by.words}, too few for an interval"
            new.append(Caveat(Kind.FEW_GROUPS, text, split))
    return new


def below_chance(run: Run) -> list[Caveat]:
    """Return the splits whose score lies below chance, with the reason where it is known or the interval does too."""
    new, known = [], run.warnings()
    for _, row in run.read("metrics/summary.csv").iterrows():
        misled = any(caveat.kind == Kind.MISLED and caveat.concerns(row["split"]) for caveat in known)
        if row["of"] == "folds" and (text := _below(row, misled)):
            new.append(Caveat(Kind.BELOW_CHANCE, text, row["split"]))
    return new


def _below(row: pd.Series, misled: bool) -> str:
    score, upper = (float(row[name]) if row[name] != "" else float("nan") for name in ("recall_macro", "recall_upper"))
    why = "scored clips have the same background as training clips of another class (leaks.csv)"
    if upper < float(row["chance"]):
        other = "what tells classes apart in training misleads on other recordings"
        return f"the score ({row['split']}) lies below chance, and so does its interval: {why if misled else other}"
    if misled and score < float(row["chance"]):
        return f"the score ({row['split']}) lies below chance, its interval does not: {why}"
    return ""
