"""Weights & Biases, offline: a folder that `wandb sync` sends if and when you say so; nothing is sent here."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.registry import register
from darkhar_cli.trackers.contract import TrackedRun, Tracker, as_markdown, results


@register("tracker", "wandb", package="wandb", extra="wandb")
class WeightsAndBiases(Tracker):
    """Writes a run of a project into a folder.

    Args:
        folder: whose `wandb/offline-run-*` are the runs.
        project: that the run is listed under once it is sent.
    """

    def __init__(self, folder: str = "outputs/wandb", project: str = "darkhar"):
        self._folder, self._project = Path(folder), project
        self._run: Any = None
        self._folds: set[str] = set()

    def begin(self, run: TrackedRun) -> None:
        """Open a run with its configuration."""
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        os.environ.setdefault("WANDB_SILENT", "true")
        import wandb

        self._folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=self._project,
            name=run.name,
            dir=str(self._folder.absolute()),
            config={**run.parameters, "folder": str(run.folder)},
            mode="offline",
            reinit="create_new",
            settings=wandb.Settings(console="off", silent=True, x_disable_stats=True, save_code=False),
        )

    def epoch(self, fold: str, number: int, values: Mapping[str, float]) -> None:
        """Add a point to each of a fold's curves, over epochs of its own."""
        if fold not in self._folds:
            self._folds.add(fold)
            self._run.define_metric(f"{fold}/*", step_metric=f"{fold}/epoch")
        self._run.log({f"{fold}/epoch": number, **{f"{fold}/{key}": value for key, value in values.items()}})

    def table(self, summary: pd.DataFrame) -> None:
        """Keep the results as the run's summary, with the table as a text."""
        self._run.summary.update({**results(summary), "results": as_markdown(summary)})

    def end(self, problem: str) -> None:
        """Close the run, with exit code 1 where something ended it early."""
        if problem:
            self._run.summary.update({"problem": problem})
        self._run.finish(exit_code=1 if problem else 0)
