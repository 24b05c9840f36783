"""One model on all training clips, trained as long as the folds' models were at their best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_low
from typing import Any

from darkhar_cli import console
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.dataset_builder import TRAIN
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.events import EpochEnd, TrainingListener
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.fit_loop import fit_fold
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.trainer import Trainer


@dataclass(frozen=True)
class FinalModel:
    """What came of it.

    Attributes:
        session: with the trained model.
        history: its epochs.
    """

    session: FoldSession
    history: tuple[EpochEnd, ...]


def median_epoch(folds: Sequence[Mapping[str, Any]]) -> int:
    """Return the median of the folds' best epochs; of an even number the lower of the two in the middle."""
    return max(1, median_low(int(fold["best_epoch"]) for fold in folds))


def fit_all(experiment: Experiment, clips: Clips, epochs: int) -> FinalModel:
    """Train a fresh model on all training clips for so many epochs, or solve for it; nothing is watched.

    Raises:
        FailedWork: training diverged, or clips cannot be read.
    """
    train = replace(experiment.setting.train, epochs=epochs, early_stopping=False)
    alone = replace(experiment, setting=replace(experiment.setting, train=train), darkening=None)
    trainer, fold = Trainer(alone, clips), Fold(0, clips.rows(TRAIN), [])
    trainer.prepare(Plan("final", [fold], {}), trainer.epochs)
    session = FoldSession(trainer, fold)
    with console.progress("final model", trainer.epochs) as progress:
        history, _ = fit_fold(session, _Progress(progress))
    return FinalModel(session, tuple(history))


class _Progress(TrainingListener):
    def __init__(self, progress: console.PlainProgress | console.BarProgress):
        self._progress = progress

    def on_epoch_end(self, session: FoldSession, epoch: EpochEnd) -> None:
        """Count an epoch."""
        self._progress.advance(f"epoch {epoch.number} loss {epoch.values['loss']:.3f}")
