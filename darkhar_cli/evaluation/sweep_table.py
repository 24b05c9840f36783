"""A sweep's folder: one run folder per job, and one table of them all."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.config.sweep_words import bare_key
from darkhar_cli.evaluation.comparison import Comparison, compare
from darkhar_cli.evaluation.outcomes import jobs_of, read_results
from darkhar_cli.files.tables import write_csv
from darkhar_cli.labels import ROW_LABELS
from darkhar_cli.runs.run_folder import Run

_NUMBERS = ["split", "n", "correct", "accuracy", "lower", "upper", "interval", "groups", "chance"]
_NUMBERS += ["recall_macro", "recall_lower", "recall_upper", "f1_macro", "f1_lower", "f1_upper"]
_NUMBERS += ["recall_folds", "recall_folds_lower", "recall_folds_upper", "loss"]
_BESIDE = ["warnings", "skipped"]


def _job_row(sweep: Path, folder: Path, known: Mapping[str, Any], swept: Sequence[str]) -> dict[str, Any]:
    """Return a job's row: what its folder says of itself, and what is known of it where it has not said anything."""
    run = Run(folder)
    facts = run.facts()
    typed = {bare_key(word): word.partition("=")[2] for word in facts.get("overrides", ())}
    own = {key: typed[key] for key in swept if key in typed} | facts.get("labels", {})
    row: dict[str, Any] = {"folder": Path(os.path.relpath(folder, sweep)).as_posix(), **known, **own}
    if run.done:
        summary, folds = run.read("metrics/summary.csv").iloc[0], run.read("metrics/folds.csv")
        epochs = pd.to_numeric(folds["epochs"], errors="coerce").mean()
        row |= summary.reindex([*ROW_LABELS, *_NUMBERS, *_BESIDE], fill_value="").to_dict()
        row |= {"repeat": "all", "fold": "all", "epochs": epochs}
        return row | {"status": "done"}
    error = folder / "error.txt"
    if error.is_file():
        return row | {"status": "failed", "error": error.read_text(encoding="utf-8").strip().splitlines()[0]}
    return row | {"status": "unfinished"}


def sweep_table(sweep: Path, jobs: Mapping[Path, Mapping[str, Any]], swept: Sequence[str]) -> pd.DataFrame:
    """Return a row per job of a sweep, from each job's folder, its labels and what was varied in it.

    Columns are folds.csv's, filled from each job's summary, each swept override (a swept group is its label column),
    the caveats of its numbers, `status` (done, failed, unfinished), `folder` (the job's, relative to the
    sweep's) and, for the terminal, `error`.
    """
    rows = [_job_row(sweep, folder, known, swept) for folder, known in jobs.items()]
    columns = [
        *ROW_LABELS,
        "repeat",
        "fold",
        *_NUMBERS,
        "epochs",
        *_BESIDE,
        *(k for k in swept if k not in ROW_LABELS),
        "status",
        "folder",
        "error",
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object).fillna("")


def save_sweep(folder: Path, jobs: Mapping[Path, Mapping[str, Any]], swept: Sequence[str]) -> pd.DataFrame:
    """Write sweep.csv and return its table, with the failed jobs' errors."""
    table = sweep_table(folder, jobs, swept)
    write_csv(folder / "sweep.csv", table.drop(columns="error"))
    return table


def save_methods(folder: Path) -> Comparison | None:
    """Compare the finished jobs of sweep.csv by method, write methods.csv, and return what was found; None of fewer
    than two.

    Raises:
        BadRequest: the jobs cannot be paired, for the sweep varies the data or the folds.
    """
    place = folder / "methods.csv"
    place.unlink(missing_ok=True)
    if sum(Run(job).done for job in jobs_of(folder)) < 2:
        return None
    results, skipped = read_results([folder])
    comparison = compare(results)
    comparison.notes[:0] = skipped
    write_csv(place, comparison.table)
    return comparison
