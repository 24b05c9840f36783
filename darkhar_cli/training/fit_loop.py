"""Fitting one fold's model: for so many epochs, or until the clips that are watched say stop."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from darkhar_cli.errors import FailedWork
from darkhar_cli.splits.inner_validation import inner_part
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.compiled_model import Learner
from darkhar_cli.training.trainer import Trainer


def to_fit_and_watch(trainer: Trainer, fold: Fold, plan: Plan) -> tuple[list[int], list[int]]:
    """Return the rows to fit and the rows that early stopping watches (none where epochs are fixed)."""
    settings = trainer.train
    if not settings.early_stopping or trainer.solved:
        return fold.train, []
    if plan.watches_scored:
        return fold.train, fold.validation
    parts = inner_part(trainer.clips.table, fold.train, settings.inner_share, trainer.seed)
    return parts or (fold.train, [])


def fit_fold(
    trainer: Trainer, learner: Learner, fit: Sequence[int], inner: Sequence[int], tell: Callable[[str], None]
) -> tuple[list[dict[str, float]], int]:
    """Train until the inner part stops getting better, or for all epochs where there is no inner part.

    Where heads are solved at once, and nothing else learns, there is one epoch.

    Returns:
        One dict per epoch, and the epoch that is kept. Epochs count from 1; loss, accuracy, inner_loss and
        inner_accuracy are what `Trainer.measure` says after the epoch; objective is what its steps minimised, on the
        way: class weights, penalties, dropout and augmentation included.
    """
    settings = trainer.train
    if trainer.solved:
        entry = {"epoch": 1, **trainer.measure(learner, fit)}
        tell(f"solved, loss {entry['loss']:.3f} accuracy {entry['accuracy']:.3f}")
        return [entry], 1
    history: list[dict[str, float]] = []
    best: tuple[float, int, list[np.ndarray]] | None = None
    for epoch in range(1, settings.epochs + 1):
        objective = trainer.train_epoch(learner, fit, epoch - 1)["loss"]
        entry = {"epoch": epoch, **trainer.measure(learner, fit), "objective": objective}
        if inner:
            entry |= {f"inner_{key}": value for key, value in trainer.measure(learner, inner).items()}
        _refuse_diverged(entry)
        if inner and (best is None or entry["inner_loss"] < best[0]):
            best = (entry["inner_loss"], epoch, learner.model.get_weights())
        history.append(entry)
        tell(f"epoch {epoch} loss {entry['loss']:.3f} accuracy {entry['accuracy']:.3f}")
        if best and epoch >= settings.warm_up and epoch - best[1] >= settings.patience:
            break
    if best:
        learner.model.set_weights(best[2])
    return history, best[1] if best else len(history)


def kept_words(history: Sequence[Mapping[str, float]], kept: int, watched: str) -> str:
    """Return in words which epoch's weights are kept, and that epoch's losses and accuracies.

    Args:
        history: as `fit_fold` gives it.
        kept: the epoch.
        watched: what the clips that early stopping looked at are.
    """
    entry = history[kept - 1]
    parts = [f"training loss {entry['loss']:.3f}, accuracy {entry['accuracy']:.3f}"]
    if "inner_loss" in entry:
        parts.insert(0, f"{watched} loss {entry['inner_loss']:.3f}, accuracy {entry['inner_accuracy']:.3f}")
    last = " (the last)" if kept == len(history) else ""
    return f"kept epoch {kept} of {len(history)}{last}: {'; '.join(parts)}"


def _refuse_diverged(entry: Mapping[str, float]) -> None:
    words = {"loss": "training loss", "inner_loss": "inner-validation loss", "objective": "what training minimises"}
    for key, what in words.items():
        if not math.isfinite(entry.get(key, 0.0)):
            raise FailedWork(
                f"training diverged in epoch {entry['epoch']} ({what} {entry[key]}): try a lower "
                "train.learning_rate, or train.precision=float32"
            )
