"""Fitting one fold's model: for so many epochs, or until the clips that are watched say stop."""

import math

import numpy as np

from darkhar_cli.errors import FailedWork
from darkhar_cli.splits.inner_validation import inner_part
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.events import EpochEnd, TrainingListener
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.trainer import Trainer


def to_fit_and_watch(trainer: Trainer, fold: Fold, plan: Plan) -> tuple[list[int], list[int]]:
    """Return the rows to fit and the rows that early stopping watches (none where epochs are fixed)."""
    if not trainer.train.early_stopping or trainer.solved:
        return fold.train, []
    if plan.watches_scored:
        return fold.train, fold.validation
    parts = inner_part(trainer.clips.table, fold.train, trainer.train.inner_share, trainer.seed)
    return parts or (fold.train, [])


def fit_fold(session: FoldSession, listener: TrainingListener) -> tuple[list[EpochEnd], int]:
    """Train until the watched clips stop getting better, or for all epochs where there are none.

    Where heads are solved at once, and nothing else learns, there is one epoch without steps. Each epoch is told to
    the listener; the weights of the one that is kept are the model's in the end.

    Returns:
        all epochs, and the number of the one that is kept.

    Raises:
        FailedWork: training diverged.
    """
    session.prepare_heads()
    if session.solved:
        epoch = EpochEnd(1, session.measure(session.fit))
        listener.on_epoch_end(session, epoch)
        return [epoch], 1
    train = session.train
    history: list[EpochEnd] = []
    best: tuple[float, int, list[np.ndarray]] | None = None
    for number in range(1, session.epochs + 1):
        epoch = _one_epoch(session, number)
        inner_loss = epoch.values.get("inner_loss")
        if inner_loss is not None and (best is None or inner_loss < best[0]):
            best = (inner_loss, number, session.model.model.get_weights())
        history.append(epoch)
        listener.on_epoch_end(session, epoch)
        if best and number >= train.warm_up and number - best[1] >= train.patience:
            break
    if best:
        session.model.model.set_weights(best[2])
    return history, best[1] if best else len(history)


def _one_epoch(session: FoldSession, number: int) -> EpochEnd:
    """Train for an epoch (from 1) and measure what came of it."""
    objective = session.train_epoch(number - 1)["loss"]
    values = {**session.measure(session.fit), "objective": objective}
    if session.inner:
        values |= {f"inner_{key}": value for key, value in session.measure(session.inner).items()}
    words = {"loss": "training loss", "inner_loss": "inner-validation loss", "objective": "what training minimises"}
    for key, what in words.items():
        if not math.isfinite(values.get(key, 0.0)):
            raise FailedWork(
                f"training diverged in epoch {number} ({what} {values[key]}): try a lower "
                "train.learning_rate, or train.precision=float32"
            )
    return EpochEnd(number, values)
