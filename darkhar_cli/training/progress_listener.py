"""Progress on the console: epochs of all folds, the newest one's numbers."""

from contextlib import ExitStack

from darkhar_cli import console
from darkhar_cli.training.events import EpochEnd, FoldEnd, RunBegin, TrainingListener
from darkhar_cli.training.fold_session import FoldSession


class ProgressListener(TrainingListener):
    """Shows how many epochs are done; those that early stopping saves count as done."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._progress: console.PlainProgress | console.BarProgress = console.PlainProgress("train", 0)

    def on_run_begin(self, run: RunBegin) -> None:
        """Show the bar."""
        total = len(run.folds) * run.execution.epochs
        self._progress = self._open.enter_context(console.progress("train", total))

    def on_epoch_end(self, session: FoldSession, epoch: EpochEnd) -> None:
        """Count an epoch."""
        done = "solved," if session.solved else f"epoch {epoch.number}"
        numbers = f"loss {epoch.values['loss']:.3f} accuracy {epoch.values['accuracy']:.3f}"
        self._progress.advance(f"{session.fold.name} {done} {numbers}")

    def on_fold_end(self, session: FoldSession, result: FoldEnd) -> None:
        """Count the epochs that were not needed."""
        if left := session.epochs - len(result.history):
            self._progress.advance(f"{session.fold.name} stopped early", left)

    def on_run_end(self, problem: BaseException | None) -> None:
        """Take the bar away."""
        self._open.close()
