"""Fitting one fold's model: for so many epochs, or until the clips that are watched say stop."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from darkhar_cli.errors import FailedWork
from darkhar_cli.folds import Fold, Plan
from darkhar_cli.inner import inner_part
from darkhar_cli.learner import Learner
from darkhar_cli.trainer import Trainer


def to_fit_and_watch(trainer: Trainer, fold: Fold, plan: Plan) -> tuple[list[int], list[int]]:
    """Return the rows to fit and the rows that early stopping watches (none where epochs are fixed)."""
    settings = trainer.train
    if not settings["early_stopping"] or trainer.solved:
        return fold.train, []
    if plan.watches_scored:
        return fold.train, fold.validation
    parts = inner_part(trainer.clips.table, fold.train, settings["inner_share"], trainer.seed)
    return parts or (fold.train, [])


def fit_fold(
    trainer: Trainer,
    learner: Learner,
    fit: Sequence[int],
    inner: Sequence[int],
    tell: Callable[[str], None],
    solved: Mapping[str, float] | None = None,
) -> tuple[list[dict[str, float]], int]:
    """Train until the inner part stops getting better, or for all epochs where there is no inner part.

    Where heads are solved at once, and nothing else learns, `solved` is all there is to tell.

    Returns:
        One dict per epoch (counted from 1: loss, accuracy, inner_loss, inner_accuracy), and the epoch that is kept.
    """
    settings = trainer.train
    history: list[dict[str, float]] = []
    if trainer.solved:
        tell(f"solved, loss {solved['loss']:.3f} accuracy {solved['accuracy']:.3f}")
        return [{"epoch": 1, **solved}], 1
    best: tuple[float, int, list[np.ndarray]] | None = None
    for epoch in range(1, settings["epochs"] + 1):
        entry = {"epoch": epoch, **trainer.train_epoch(learner, fit, epoch - 1)}
        if inner:
            entry |= trainer.watch(learner, inner)
        _refuse_diverged(entry)
        if inner and (best is None or entry["inner_loss"] < best[0]):
            best = (entry["inner_loss"], epoch, learner.model.get_weights())
        history.append(entry)
        tell(f"epoch {epoch} loss {entry['loss']:.3f} accuracy {entry['accuracy']:.3f}")
        if best and epoch >= settings["warm_up"] and epoch - best[1] >= settings["patience"]:
            break
    if best:
        learner.model.set_weights(best[2])
    return history, best[1] if best else len(history)


def _refuse_diverged(entry: Mapping[str, float]) -> None:
    if not all(math.isfinite(value) for value in entry.values()):
        raise FailedWork(
            f"training diverged in epoch {entry['epoch']} (loss {entry['loss']}): try a lower train.learning_rate, "
            "or train.precision=float32"
        )
