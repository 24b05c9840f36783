"""A sweep's folder: one run folder per job, and one table of them all."""

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from darkhar_cli.runs import Run, write_csv

LABELS = ["dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed"]
_NUMBERS = ["split", "n", "correct", "accuracy", "recall_macro", "loss"]


def _job_row(folder: Path, swept: list[str]) -> dict[str, Any]:
    run = Run(folder)
    typed = yaml.safe_load((folder / "overrides.yaml").read_text()) if (folder / "overrides.yaml").is_file() else []
    given = dict(word.lstrip("+").split("=", 1) for word in typed if "=" in word)
    row: dict[str, Any] = {key: given.get(key, "") for key in swept}
    if run.done:
        summary, folds = run.read("metrics/summary.csv").iloc[0], run.read("metrics/folds.csv")
        epochs = pd.to_numeric(folds["epochs"], errors="coerce").mean()
        row |= summary[[*LABELS, *_NUMBERS]].to_dict() | {"repeat": "all", "fold": "all", "epochs": epochs}
        return row | {"status": "done"}
    error = folder / "error.txt"
    if error.is_file():
        return row | {"status": "failed", "error": error.read_text().strip().splitlines()[0]}
    return row | {"status": "unfinished"}


def sweep_table(folder: Path, swept: list[str]) -> pd.DataFrame:
    """Return a row per job of a sweep.

    Columns are folds.csv's, filled from each job's summary, each swept override (a swept group is its label column),
    `status` (done, failed, unfinished) and, for the terminal, `error`.
    """
    jobs = [job for job in sorted(folder.iterdir()) if job.is_dir() and not job.name.startswith(".")]
    rows = [_job_row(job, swept) for job in jobs]
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
    return pd.DataFrame(rows).reindex(columns=columns).astype(object).fillna("")


def save_sweep(folder: Path, swept: list[str]) -> pd.DataFrame:
    """Write sweep.csv and return its table, with the failed jobs' errors."""
    table = sweep_table(folder, swept)
    write_csv(folder / "sweep.csv", table.drop(columns="error"))
    return table
