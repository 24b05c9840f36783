"""What happens while a run is trained, told to whoever listens: progress, the run's folder, trackers, checkpoints.

One run of `cross_validation.run_folds` tells, in this order:

    on_run_begin(run)                   features that are certainly needed are computed; nothing is trained yet
      on_fold_resumed(fold)             for each fold that an earlier process finished: nothing else is told of it
      on_fold_begin(session)            for each other fold: its model is fresh (or carried on), no head prepared
        on_epoch_end(session, epoch)    after each epoch; a solved classifier has one
      on_fold_end(session, result)      the weights to keep are back in the model, and the fold is scored
    on_run_end(problem)                 always; `problem` is what ended the run early, None where nothing did

A run with nothing left to do tells nothing. Listeners are called one after the other, in their order, in the thread
that trains; what one raises ends the run as any failure does. They read a session (`fold`, `fit`, `inner`, `model`,
`epochs`, `labels`) and change nothing in it; none may keep it beyond `on_fold_end`, for its memory goes with it.

A tracker is a `TrainingListener` with the methods it cares for:

    class Print(TrainingListener):
        def on_epoch_end(self, session, epoch):
            print(session.fold.name, epoch.number, epoch.values["loss"])

    run_folds(trainer, plan, run, [Print()])
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pandas as pd

from darkhar_cli.splits.plan import Fold
from darkhar_cli.training.execution_plan import ExecutionPlan
from darkhar_cli.training.fold_session import FoldSession


@dataclass(frozen=True)
class RunBegin:
    """What is going to be trained.

    Attributes:
        execution: how.
        folds: still to be trained, in order.
        finished: trained before.
    """

    execution: ExecutionPlan
    folds: tuple[Fold, ...]
    finished: tuple[Fold, ...]


@dataclass(frozen=True)
class EpochEnd:
    """What came out of an epoch.

    Attributes:
        number: from 1.
        values: `loss` and `accuracy` of the training clips, measured as scored clips are; `inner_loss` and
            `inner_accuracy` of the watched clips, where there are any; `objective`, the mean of what the epoch's steps
            minimised (class weights, penalties, dropout and augmentation included), where there were steps.
    """

    number: int
    values: Mapping[str, float]

    def row(self) -> dict[str, float]:
        """Return the epoch as a row of history.csv."""
        return {"epoch": self.number, **self.values}


@dataclass(frozen=True)
class FoldEnd:
    """What came out of a fold.

    Attributes:
        history: its epochs.
        kept: number of the epoch whose weights are kept.
        predictions: its rows of predictions.csv.
    """

    history: tuple[EpochEnd, ...]
    kept: int
    predictions: pd.DataFrame


class TrainingListener:
    """Whoever is told (see above for when); this one does nothing: derive from it, and write what you need."""

    def on_run_begin(self, run: RunBegin) -> None:
        """Take note that training begins."""

    def on_fold_resumed(self, fold: Fold) -> None:
        """Take note of a fold that was finished before."""

    def on_fold_begin(self, session: FoldSession) -> None:
        """Take note that a fold begins."""

    def on_epoch_end(self, session: FoldSession, epoch: EpochEnd) -> None:
        """Take note of a finished epoch."""

    def on_fold_end(self, session: FoldSession, result: FoldEnd) -> None:
        """Take note of a finished fold."""

    def on_run_end(self, problem: BaseException | None) -> None:
        """Take note that all folds are finished, or of what ended the run early."""


class Listeners(TrainingListener):
    """Several listeners as one: tells each, in order."""

    def __init__(self, listeners: Sequence[TrainingListener]):
        self._listeners = tuple(listeners)

    def on_run_begin(self, run: RunBegin) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_run_begin(run)

    def on_fold_resumed(self, fold: Fold) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_fold_resumed(fold)

    def on_fold_begin(self, session: FoldSession) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_fold_begin(session)

    def on_epoch_end(self, session: FoldSession, epoch: EpochEnd) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_epoch_end(session, epoch)

    def on_fold_end(self, session: FoldSession, result: FoldEnd) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.on_fold_end(session, result)

    def on_run_end(self, problem: BaseException | None) -> None:
        """Tell all, each even if another one fails; the first failure is raised then."""
        with ExitStack() as last:
            for listener in reversed(self._listeners):
                last.callback(listener.on_run_end, problem)
