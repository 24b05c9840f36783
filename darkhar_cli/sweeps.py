"""A sweep's folder: one run folder per job, and one table of them all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.runs import Run
from darkhar_cli.table_files import write_csv

LABELS = ["dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed"]
_NUMBERS = ["split", "n", "correct", "accuracy", "lower", "upper", "interval", "groups", "chance"]
_NUMBERS += ["recall_macro", "recall_lower", "recall_upper", "f1_macro", "f1_lower", "f1_upper"]
_NUMBERS += ["recall_folds", "recall_folds_lower", "recall_folds_upper", "loss"]


def _job_row(folder: Path, varied: Mapping[str, Any]) -> dict[str, Any]:
    run = Run(folder)
    row: dict[str, Any] = dict(varied)
    if run.done:
        summary, folds = run.read("metrics/summary.csv").iloc[0], run.read("metrics/folds.csv")
        epochs = pd.to_numeric(folds["epochs"], errors="coerce").mean()
        row |= summary.reindex([*LABELS, *_NUMBERS], fill_value="").to_dict()
        row |= {"repeat": "all", "fold": "all", "epochs": epochs}
        return row | {"status": "done"}
    error = folder / "error.txt"
    if error.is_file():
        return row | {"status": "failed", "error": error.read_text(encoding="utf-8").strip().splitlines()[0]}
    return row | {"status": "unfinished"}


def sweep_table(jobs: Mapping[Path, Mapping[str, Any]], swept: Sequence[str]) -> pd.DataFrame:
    """Return a row per job of a sweep, from each job's folder, its labels and what was varied in it.

    Columns are folds.csv's, filled from each job's summary, each swept override (a swept group is its label column),
    `status` (done, failed, unfinished) and, for the terminal, `error`.
    """
    rows = [_job_row(folder, varied) for folder, varied in jobs.items()]
    columns = [
        *LABELS,
        "repeat",
        "fold",
        *_NUMBERS,
        "epochs",
        *(k for k in swept if k not in LABELS),
        "status",
        "error",
    ]
    return pd.DataFrame(rows, columns=columns, dtype=object).fillna("")


def save_sweep(folder: Path, jobs: Mapping[Path, Mapping[str, Any]], swept: Sequence[str]) -> pd.DataFrame:
    """Write sweep.csv and return its table, with the failed jobs' errors."""
    table = sweep_table(jobs, swept)
    write_csv(folder / "sweep.csv", table.drop(columns="error"))
    return table
