"""A run told to its tracker: what happens in training becomes a tracker's few calls, and its failure a warning."""

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import caveats, registry
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.data.clip_store import first_line
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Fold
from darkhar_cli.trackers.contract import NONE, TrackedRun, Tracker, refuse_missing
from darkhar_cli.training.events import EpochEnd, TrainingListener
from darkhar_cli.training.fold_session import FoldSession


class Tracking(TrainingListener):
    """Tells a tracker of a run, until it fails: that is warned of, kept in run.json, and ends the tracking alone.

    A tracker changes no number: what it draws of Python's and NumPy's own generators is put back.

    Args:
        node: the tracker's name and parameters.
        run: its folder.
        parameters: the run's configuration, flat.
    """

    def __init__(self, node: Mapping[str, Any], run: Run, parameters: Mapping[str, Any]):
        self.name, self.run = node["name"], run
        self.failed = False
        self._values = {key: value for key, value in node.items() if key != "name"}
        self._about = TrackedRun(run.folder.name, run.folder, parameters)
        self._tracker: Tracker | None = None
        self._told: set[tuple[int, int]] = set()

    def begin(self) -> None:
        """Make the tracker and tell it of the run."""
        with self._guarded("at its start"):
            refuse_missing(self.name)
            self._tracker = registry.get("tracker", self.name)(**self._values)
            self._tracker.begin(self._about)

    def on_epoch_end(self, session: FoldSession, epoch: EpochEnd) -> None:
        """Tell of an epoch."""
        self._epoch(session.fold.repeat, session.fold.index, epoch.number, epoch.values)

    def finish(self) -> None:
        """Tell of folds that an earlier process trained, and of the results; then close."""
        history = self.run.read("metrics/history.csv")
        for (repeat, fold), rows in history.groupby(["repeat", "fold"], sort=True):
            if (repeat, fold) not in self._told:
                for row in rows.to_dict("records"):
                    self._epoch(repeat, fold, row["epoch"], _known(row))
        with self._guarded("at its results"):
            if self._tracker:
                self._tracker.table(self.run.read("metrics/summary.csv"))
        self.end()

    def end(self, problem: str = "") -> None:
        """Close; `problem` is what ended the run early."""
        with self._guarded("at its end"):
            tracker, self._tracker = self._tracker, None
            if tracker:
                tracker.end(problem)

    def _epoch(self, repeat: int, fold: int, number: int, values: Mapping[str, float]) -> None:
        self._told.add((repeat, fold))
        with self._guarded("at an epoch"):
            if self._tracker:
                self._tracker.epoch(Fold(fold, [], [], repeat).name.replace(" ", "_"), int(number), values)

    @contextlib.contextmanager
    def _guarded(self, where: str) -> Iterator[None]:
        state = random.getstate(), np.random.get_state()
        try:
            yield
        except Exception as problem:
            self._give_up(f"tracker {self.name} failed {where} ({type(problem).__name__}: {first_line(problem)})")
        finally:
            random.setstate(state[0])
            np.random.set_state(state[1])

    def _give_up(self, text: str) -> None:
        """Warn of a failure, let it travel with the run, and tell the tracker nothing more."""
        tracker, self._tracker, self.failed = self._tracker, None, True
        with contextlib.suppress(Exception):  # what it holds open
            if tracker:
                tracker.end(text)
        self.run.warn(f"{text}; the run goes on without it")
        kept = self.run.record().caveats
        self.run.add_facts(caveats=caveats.stored([*kept, Caveat(Kind.TRACKER, text)]))


def _known(row: Mapping[Any, Any]) -> dict[str, float]:
    """Return what a row of history.csv measures."""
    values = {key: value for key, value in row.items() if key not in ("repeat", "fold", "epoch")}
    return {key: float(value) for key, value in values.items() if value != "" and not pd.isna(value)}


@contextlib.contextmanager
def tracked(node: Mapping[str, Any], run: Run, parameters: Mapping[str, Any]) -> Iterator[Tracking | None]:
    """Yield what tells a tracker of a run, begun; None where there is none. Whatever ends the run early closes it."""
    if node["name"] == NONE["name"]:
        yield None
        return
    tracking = Tracking(node, run, parameters)
    tracking.begin()
    try:
        yield tracking
    except BaseException as problem:
        tracking.end(f"{type(problem).__name__}: {problem}".strip(": "))
        raise
