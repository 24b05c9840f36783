"""MLflow: a local file store that `mlflow ui` shows; no server, and nothing leaves the machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.registry import register
from darkhar_cli.trackers.contract import TrackedRun, Tracker, as_markdown, results

_LONGEST = 500  # characters of a parameter that every version of MLflow keeps
_AT_ONCE = 100  # parameters in one call


@register("tracker", "mlflow", package="mlflow", extra="mlflow")
class MLflow(Tracker):
    """Writes a run of an experiment into a folder.

    Args:
        folder: the store, which all runs may share.
        experiment: that the run is listed under.
    """

    def __init__(self, folder: str = "outputs/mlflow", experiment: str = "darkhar"):
        self._store, self._experiment = Path(folder), experiment
        self._client: Any = None
        self._run = ""

    def begin(self, run: TrackedRun) -> None:
        """Open a run and keep its configuration."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # since 3.7 it asks to be told
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
        from mlflow.entities import Param
        from mlflow.tracking import MlflowClient

        self._store.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(self._store.absolute().as_uri())
        known = self._client.get_experiment_by_name(self._experiment)
        place = known.experiment_id if known else self._client.create_experiment(self._experiment)
        tags = {"mlflow.source.name": "darkhar", "darkhar.folder": str(run.folder)}
        self._run = self._client.create_run(place, run_name=run.name, tags=tags).info.run_id
        kept = [Param(key, str(value)[:_LONGEST]) for key, value in run.parameters.items()]
        for start in range(0, len(kept), _AT_ONCE):
            self._client.log_batch(self._run, params=kept[start : start + _AT_ONCE])

    def epoch(self, fold: str, number: int, values: Mapping[str, float]) -> None:
        """Add a point to each of a fold's curves."""
        self._measured({f"{fold}/{key}": value for key, value in values.items()}, number)

    def table(self, summary: pd.DataFrame) -> None:
        """Keep the results as numbers and as a table."""
        self._measured(results(summary), 0)
        self._client.log_text(self._run, summary.to_csv(index=False), "summary.csv")
        self._client.log_text(self._run, as_markdown(summary) + "\n", "summary.md")

    def end(self, problem: str) -> None:
        """Close the run, failed where something ended it early."""
        if problem:
            self._client.set_tag(self._run, "darkhar.problem", problem)
        self._client.set_terminated(self._run, "FAILED" if problem else "FINISHED")

    def _measured(self, values: Mapping[str, float], step: int) -> None:
        for key, value in values.items():
            self._client.log_metric(self._run, key, value, step=step)
