"""What finished runs say of each clip, read from their folders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli import console
from darkhar_cli.config import safe_yaml
from darkhar_cli.errors import BadRequest
from darkhar_cli.labels import ROW_LABELS
from darkhar_cli.metrics import tables
from darkhar_cli.runs import fold_parts
from darkhar_cli.runs.finished_mark import PREDICTIONS
from darkhar_cli.runs.run_folder import Run

# Settings that decide no number, or that replicates of one method differ in.
_NO_METHOD = (
    "seed",
    "cv.seed",
    "cv.only",
    "name",
    "fresh",
    "cache_dir",
    "controls",
    "final",
    "dataset.data_dir",
    "dataset.on_error",
)
_NO_RUN = "is no run folder"


@dataclass(frozen=True)
class Result:
    """A finished run's prediction of each clip.

    Attributes:
        folder: the run's.
        split: `validation`, or `test` where nothing else was scored.
        labels: dataset, sampler, enhance, extractor, classifier, cv, seed.
        clips: a row per clip: id, group, label, right (mean over folds and repeats), scene where backgrounds are known.
        folds: clip -> fold, as in assignment.csv.
        trained: what each fold was trained on, as a hash of the clips' contents.
        settings: its configuration as dotted keys, without what makes no other method (seeds, places).
        classes: how many classes its models have.
        digests: clip -> hash of its content; empty where the run has kept none.
        warnings: the caveats that go with its numbers.
        twins: clip -> its mark in common with its twin in another light, where clips have one.
        trained_twins: as `trained`, of those marks.
        chance: what guessing scores, by its summary; 1 / classes where that does not say.
    """

    folder: Path
    split: str
    labels: dict[str, str]
    clips: pd.DataFrame
    folds: pd.DataFrame
    trained: list[tuple[int, int, str | None]]
    settings: dict[str, str] = field(default_factory=dict)
    classes: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    twins: dict[str, str] = field(default_factory=dict)
    trained_twins: list[tuple[int, int, str | None]] = field(default_factory=list)
    chance: float = nan

    @property
    def seed(self) -> int:
        """Return the seed it was run with."""
        return int(self.labels["seed"])


def read_result(folder: Path) -> Result:
    """Read a finished run.

    Raises:
        BadRequest: no run, or one that is not finished.
    """
    run = Run(folder)
    if not run.done:
        raise BadRequest(f"{folder} {unfinished(folder)}; compare takes finished runs, or the folder of a sweep")
    _refuse_damaged(run)
    predictions, table = run.read("predictions.csv"), run.read("metrics/folds.csv")
    record, summary = run.record(), _summary(run)
    split = "validation" if (predictions["split"] == "validation").any() else "test"
    listed = run.read("assignment.csv").astype(str)
    classes = record.data.classes or [name for name in predictions if name.startswith("p_")]
    return Result(
        folder,
        split,
        {key: str(table.iloc[0][key]) for key in ROW_LABELS},
        tables.per_clip(predictions, split),
        listed[["repeat", "fold", "id", "split"]],
        [(fold.repeat, fold.fold, fold.training_ids) for fold in record.folds],
        _settings(folder),
        len(classes),
        _column(listed, "digest"),
        tuple(dict.fromkeys(caveat.text for caveat in run.warnings_of(split))),
        _column(listed, "twin"),
        [(fold.repeat, fold.fold, fold.training_twins) for fold in record.folds],
        _chance(summary, split, len(classes)),
    )


def _refuse_damaged(run: Run) -> None:
    """Refuse tables that are lost or damaged; of changed predictions, which may be meant, say so."""
    run.mark.refuse_damaged(but=(PREDICTIONS,))
    if PREDICTIONS in run.mark.damaged(()):
        console.warn(f"{run.folder / PREDICTIONS} is not as it was written: what it holds now is compared")


def unfinished(folder: Path) -> str:
    """Return in words what a folder is that holds no finished run."""
    reason = fold_parts.error_of(folder)
    if reason:
        return f"has failed ({reason})"
    return "is not finished" if (folder / "run.json").is_file() else _NO_RUN


def _column(listed: pd.DataFrame, name: str) -> dict[str, str]:
    return dict(zip(listed["id"], listed[name], strict=True)) if name in listed else {}


def _settings(folder: Path) -> dict[str, str]:
    path = folder / "config.yaml"
    node: Any = safe_yaml.read_stored(path) if path.is_file() else {}
    kept = {key: value for key, value in node.items() if key != "tracker"}
    return {key: str(value) for key, value in _flat(kept).items() if key not in _NO_METHOD}


def _flat(node: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Return a configuration as dotted keys; what is empty is kept, for `enhance.none` has no parameters."""
    flat: dict[str, Any] = {}
    for key, value in node.items():
        inside = isinstance(value, dict) and value
        flat |= _flat(value, f"{above}{key}.") if inside else {f"{above}{key}": value}
    return flat


def _summary(run: Run) -> pd.DataFrame:
    path = run.folder / "metrics" / "summary.csv"
    return run.read("metrics/summary.csv") if path.is_file() else pd.DataFrame()


def _chance(summary: pd.DataFrame, split: str, classes: int) -> float:
    """Return what guessing scores of a split, or one in the number of classes where the summary does not say."""
    cells: Any = summary.loc[summary["split"] == split, "chance"] if "chance" in summary else []
    return float(cells.iloc[0]) if len(cells) else 1 / classes


def read_results(folders: Sequence[Path]) -> tuple[list[Result], list[str]]:
    """Read runs and the jobs of sweeps, each once, in the order given; unfinished ones are excluded.

    Returns:
        The results, and a sentence for each excluded run.

    Raises:
        BadRequest: a folder that is none, or holds no run; fewer than two results.
    """
    results: dict[Path, Result] = {}
    skipped = []
    for folder in folders:
        if not folder.is_dir():
            raise BadRequest(f"{folder}: no such folder")
        sweep = (folder / "sweep.csv").is_file()
        if not sweep and not Run(folder).done and unfinished(folder) == _NO_RUN:
            raise BadRequest(f"{folder} {_NO_RUN}; compare takes finished runs, or the folder of a sweep")
        for job in jobs_of(folder) if sweep else [folder]:
            if Run(job).done:
                results.setdefault(job.resolve(), read_result(job))
            else:
                skipped.append(f"{job} {unfinished(job)}: skipped")
    if len(results) < 2:
        why = "".join(f"; {text}" for text in skipped)
        raise BadRequest(f"compare needs two or more finished runs, or the folder of a sweep with two{why}")
    return list(results.values()), skipped


def jobs_of(folder: Path) -> list[Path]:
    """Return the job folders of a sweep as its sweep.csv lists them, wherever below it they are.

    Where it lists none (a sweep's table of an earlier version), those right below the sweep, by name.
    """
    path = folder / "sweep.csv"
    listed = pd.read_csv(path, keep_default_na=False, dtype=str) if path.stat().st_size else pd.DataFrame()
    if "folder" in listed:
        return [folder / place for place in listed["folder"]]
    jobs = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [path for path in jobs if any((path / name).is_file() for name in (Run.FACTS, "DONE", "error.txt"))]
