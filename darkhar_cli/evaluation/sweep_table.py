"""A sweep's folder: one run folder per job, and one table of them all."""

import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.config.sweep_words import bare_key
from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.comparison import Comparison, compare
from darkhar_cli.evaluation.outcomes import jobs_of, read_results
from darkhar_cli.files.tables import keep_csv, read_csv, write_text
from darkhar_cli.labels import ROW_LABELS
from darkhar_cli.runs import fold_parts
from darkhar_cli.runs.run_folder import Run

_NUMBERS = ["split", "n", "correct", "accuracy", "lower", "upper", "interval", "groups", "chance"]
_NUMBERS += ["recall_macro", "recall_lower", "recall_upper", "f1_macro", "f1_lower", "f1_upper"]
_NUMBERS += ["recall_folds", "recall_folds_lower", "recall_folds_upper", "loss"]
_BESIDE = ["warnings", "skipped"]
_OWN = ["repeat", "fold", *_NUMBERS, "epochs", *_BESIDE, "status", "folder"]  # columns that every sweep has
FACTS = "sweep.json"


def _job_row(sweep: Path, folder: Path, known: Mapping[str, Any], swept: Sequence[str]) -> dict[str, Any]:
    """Return a job's row: what its folder says of itself, and what is known of it where it has not said anything."""
    run = Run(folder)
    record = run.record()
    typed = {bare_key(word): word.partition("=")[2] for word in record.overrides}
    own = {key: typed[key] for key in swept if key in typed} | dict(record.labels)
    row: dict[str, Any] = {"folder": Path(os.path.relpath(folder, sweep)).as_posix(), **known, **own}
    if run.done:
        summary, folds = run.read("metrics/summary.csv").iloc[0], run.read("metrics/folds.csv")
        epochs = pd.to_numeric(folds["epochs"], errors="coerce").mean()
        row |= summary.reindex([*ROW_LABELS, *_NUMBERS, *_BESIDE], fill_value="").to_dict()
        row |= {"repeat": "all", "fold": "all", "epochs": epochs}
        return row | {"status": "done"}
    error = fold_parts.error_of(folder)
    if error:
        return row | {"status": "failed", "error": error}
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


def warnings_of(folder: Path, table: pd.DataFrame) -> list[str]:
    """Return what the finished jobs of a sweep's table warn of, each once; `folder` is the sweep's."""
    done = table[table["status"] == "done"]
    jobs = zip(done["folder"], done["split"], strict=True)
    caveats = [caveat for job, split in jobs for caveat in Run(folder / job).warnings_of(split)]
    return list(dict.fromkeys(caveat.text for caveat in caveats))


def save_sweep(folder: Path, jobs: Mapping[Path, Mapping[str, Any]], swept: Sequence[str]) -> pd.DataFrame:
    """Write sweep.csv and return its table, with the failed jobs' errors."""
    table = sweep_table(folder, jobs, swept)
    keep_csv(folder / "sweep.csv", table.drop(columns="error"))
    return table


def save_facts(folder: Path, overrides: Sequence[str], swept: Sequence[str]) -> None:
    """Write sweep.json: what was typed, what is varied, and when that was begun."""
    known = facts_of(folder)
    if known.get("overrides") != list(overrides):
        facts = {"overrides": list(overrides), "swept": list(swept), "started": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
        write_text(folder / FACTS, json.dumps(facts, indent=2) + "\n")


def facts_of(folder: Path) -> dict[str, Any]:
    """Return sweep.json, or an empty dict where there is none (a sweep of an earlier version)."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def stored_sweep(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return sweep.csv with the failed jobs' errors, and what the sweep varies."""
    table = read_csv(folder / "sweep.csv")
    if "status" not in table or "folder" not in table:
        raise BadRequest(f"{folder / 'sweep.csv'} is of an earlier version; give its `darkhar train -m` command again")
    swept = facts_of(folder).get("swept") or [name for name in table if _varies(name, table[name])]
    swept = [key for key in swept if key in table]
    columns = [*table.columns, "error"]
    rows = [_as_it_stands(folder, row, swept) for row in table.to_dict("records")]
    return pd.DataFrame(rows, columns=columns, dtype=object).fillna(""), swept


def _as_it_stands(sweep: Path, row: dict[str, Any], swept: Sequence[str]) -> dict[str, Any]:
    """Return a stored row of sweep.csv, read again from its job's folder where the job was not done then."""
    if row["status"] == "done":
        return row
    known = {key: row[key] for key in (*ROW_LABELS, *swept) if key in row}
    return row | _job_row(sweep, sweep / row["folder"], known, swept)


def _varies(name: str, column: pd.Series) -> bool:
    """Whether a sweep's table of an earlier version varies a column: one of its own, or a label with several values."""
    return column[column.astype(str) != ""].nunique() > 1 if name in ROW_LABELS else name not in _OWN


def compared(folder: Path) -> Comparison | None:
    """Compare the finished jobs of sweep.csv by method; None of fewer than two.

    Raises:
        BadRequest: the jobs cannot be paired, for the sweep varies the data or the folds.
    """
    if sum(Run(job).done for job in jobs_of(folder)) < 2:
        return None
    results, skipped = read_results([folder])
    comparison = compare(results)
    comparison.notes[:0] = skipped
    return comparison


def save_methods(folder: Path) -> Comparison | None:
    """Compare a sweep's finished jobs by method, write methods.csv, and return what was found; None of fewer than two.

    Raises:
        BadRequest: see `compared`.
    """
    place = folder / "methods.csv"
    comparison = None
    try:
        comparison = compared(folder)
    finally:
        if comparison is None:
            place.unlink(missing_ok=True)
    if comparison is not None:
        keep_csv(place, comparison.table)
    return comparison
