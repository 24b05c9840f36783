"""Finished folds in the run's folder: model, predictions, history, facts; and a line of what came out."""

import time
from collections.abc import Sequence
from hashlib import sha256

import pandas as pd

from darkhar_cli.runs.identity import mark_of
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_record import FoldRecord
from darkhar_cli.splits.plan import Fold
from darkhar_cli.training.events import EpochEnd, FoldEnd, TrainingListener
from darkhar_cli.training.fold_session import FoldSession

_HISTORY = ["repeat", "fold", "epoch", "loss", "accuracy", "inner_loss", "inner_accuracy", "objective"]


class FoldRecorder(TrainingListener):
    """Keeps each fold as it ends.

    Args:
        run: where.
        watched: what the clips that early stopping looks at are called.
    """

    def __init__(self, run: Run, watched: str):
        self.run, self.watched = run, watched
        self._started = 0.0
        self._rows: list[dict[str, float]] = []

    def on_fold_resumed(self, fold: Fold) -> None:
        """Say that the fold is there."""
        self.run.log(f"{fold.name}: finished before, kept")

    def on_fold_begin(self, session: FoldSession) -> None:
        """Start the clock and an empty history."""
        self._started, self._rows = time.monotonic(), []

    def on_epoch_end(self, session: FoldSession, epoch: EpochEnd) -> None:
        """Add a row to the history."""
        self._rows.append(epoch.row())

    def on_fold_end(self, session: FoldSession, result: FoldEnd) -> None:
        """Keep the fold: its facts come last, and mark it as finished."""
        fold = session.fold
        self.run.save_model(fold.index, session.model.whole, fold.repeat)
        record = self._record(session, result)
        history = pd.DataFrame(self._rows).assign(repeat=fold.repeat, fold=fold.index).reindex(columns=_HISTORY)
        self.run.save_fold(fold.repeat, fold.index, result.predictions, history, record.stored())
        clips = f"{len(session.fit)} training clips"
        clips += f", {len(session.inner)} {self.watched} clips" if session.inner else ""
        kept = kept_words(result.history, result.kept, self.watched, session.solved)
        self.run.log(f"{fold.name}: {clips}; {kept}; {record.seconds:.1f} s")

    def _record(self, session: FoldSession, result: FoldEnd) -> FoldRecord:
        """Return what run.json says of the fold."""
        trained = session.trainer.clips.table.loc[list(session.fold.train)]
        return FoldRecord(
            repeat=session.fold.repeat,
            fold=session.fold.index,
            epochs=len(self._rows),
            best_epoch=result.kept,
            fitted=len(session.fit),
            inner=len(session.inner),
            initial_weights=session.initial_weights,
            training_ids=_mark(trained["digest"]),
            training_twins=_mark(trained["twin"]) if "twin" in trained and trained["twin"].all() else None,
            weights=session.model.weights_hash(),
            code=mark_of(self.run.record().code),
            seconds=round(time.monotonic() - self._started, 2),
        )


def _mark(values: Sequence[str]) -> str:
    """Return the hash of a set of words."""
    return sha256("\n".join(sorted(values)).encode()).hexdigest()[:16]


def kept_words(history: Sequence[EpochEnd], kept: int, watched: str, solved: bool = False) -> str:
    """Return in words which epoch's weights are kept, and that epoch's losses and accuracies.

    Args:
        history: all epochs.
        kept: number of the epoch.
        watched: what the clips that early stopping looked at are.
        solved: whether the model was solved for, not trained by steps.
    """
    values = history[kept - 1].values
    parts = [f"training loss {values['loss']:.3f}, accuracy {values['accuracy']:.3f}"]
    if "inner_loss" in values:
        parts.insert(0, f"{watched} loss {values['inner_loss']:.3f}, accuracy {values['inner_accuracy']:.3f}")
    last = " (the last)" if kept == len(history) else ""
    if solved:
        return f"solved at once: {'; '.join(parts)}"
    return f"kept epoch {kept} of {len(history)}{last}: {'; '.join(parts)}"
