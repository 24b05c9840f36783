"""One fold, all folds: train a fresh model on a fold's clips, score it, keep what came out."""

import gc
import time
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import console, device
from darkhar_cli.data.clip_dataset import TEST, Clips
from darkhar_cli.features.cached_features import CachedFeatures
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.stream_facts import stored
from darkhar_cli.splits.inner_validation import inner_part
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.divergence import Diverged, together
from darkhar_cli.training.events import FoldEnd, Listeners, RunBegin, TrainingListener
from darkhar_cli.training.fit_loop import fit_fold, to_fit_and_watch
from darkhar_cli.training.fold_recorder import FoldRecorder
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.progress_listener import ProgressListener
from darkhar_cli.training.trainer import Trainer


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities (N, K) float64 of logits (N, K)."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def predictions_table(
    clips: Clips,
    rows: Sequence[int],
    logits: np.ndarray,
    frames: Sequence[str],
    split: str,
    fold: Fold,
) -> pd.DataFrame:
    """Return one fold's rows of predictions.csv; `frames` tells each clip's sampled positions."""
    p = softmax(logits)
    about = clips.table.loc[list(rows)]
    columns: dict[str, Any] = {
        "split": split,
        "repeat": fold.repeat,
        "fold": fold.index,
        "id": about["id"].to_numpy(),
        "group": about["group"].to_numpy(),
        "label": about["label"].to_numpy(),
        "predicted": [clips.classes[i] for i in p.argmax(axis=1)],
        **{f"p_{name}": p[:, i] for i, name in enumerate(clips.classes)},
        "frames": list(frames),
    }
    luma = "darkened_luma" if split.endswith("darkened") else "luma"  # of what was scored
    if luma in about:
        columns["luma"] = about[luma].round(3).to_numpy()
    columns["scene"] = about["scene"].to_numpy() if "scene" in about else ""
    return pd.DataFrame(columns)


def run_fold(trainer: Trainer, fold: Fold, plan: Plan, listener: TrainingListener) -> None:
    """Train one fold's model and score it on the fold's validation clips and the test split; tells the listener."""
    fit, watched = to_fit_and_watch(trainer, fold, plan)
    session = FoldSession(trainer, fold, fit, watched, fresh=not plan.carried or fold is plan.folds[0])
    listener.on_fold_begin(session)
    history, kept = fit_fold(session, listener)
    listener.on_fold_end(session, FoldEnd(tuple(history), kept, score_fold(session)))


def score_fold(session: FoldSession) -> pd.DataFrame:
    """Return a fold's predictions of its validation clips and of the test split.

    Raises:
        Diverged: the model gives no finite numbers.
    """
    trainer, fold = session.trainer, session.fold
    tables, darkening = [], trainer.experiment.darkening
    test = trainer.clips.rows(TEST)
    scored: list[tuple[str, list[int], Corruption | None]] = [("validation", fold.validation, None), (TEST, test, None)]
    if darkening:
        scored += [(darkening.split, fold.validation, darkening), (f"test_{darkening.split}", test, darkening)]
    for split, rows, darker in scored:
        if rows:
            logits = session.logits(rows, darker)
            if not np.isfinite(logits).all():
                raise Diverged("the model gives no finite numbers; try train.precision=float32")
            frames = trainer.frames_text(rows, darker)
            tables.append(predictions_table(trainer.clips, rows, logits, frames, split, fold))
    return pd.concat(tables)


def run_folds(trainer: Trainer, plan: Plan, run: Run, listeners: Sequence[TrainingListener] = ()) -> None:
    """Run every fold that is not finished yet; what each leaves is in the run's folder.

    Args:
        trainer: of all folds.
        plan: the folds.
        run: its folder.
        listeners: told what happens (`events` says what, and when), after progress and the folder's own.
    """
    todo = [fold for fold in plan.folds if not run.has_fold(fold.repeat, fold.index)]
    if not todo:
        return
    if plan.carried:  # what the model has learnt of earlier folds is not kept: all of them again
        todo = plan.folds
    run.add_facts(mode=trainer.mode, mode_reason=trainer.why, streams=stored(trainer.stream_facts()))
    _prepare(trainer, plan, run)
    own = [ProgressListener(), FoldRecorder(run, "scored" if plan.watches_scored else "inner-validation")]
    telling = Listeners([*own, *listeners])
    finished = tuple(fold for fold in plan.folds if fold not in todo)
    try:
        with device.gradients_forgotten():
            _train(trainer, plan, RunBegin(trainer.execution, tuple(todo), finished), telling)
        _keep_frames(trainer, run)
    finally:
        device.clear_session()  # a sweep's next job starts with empty hands
        gc.collect()


def _train(trainer: Trainer, plan: Plan, begin: RunBegin, listener: TrainingListener) -> None:
    """Run folds one after the other; whatever ends that is told. A fold that diverges keeps no other from its turn."""
    failed: dict[str, Diverged] = {}
    try:
        listener.on_run_begin(begin)
        for fold in begin.finished:
            listener.on_fold_resumed(fold)
        for fold in begin.folds:
            try:
                run_fold(trainer, fold, plan, listener)
            except Diverged as problem:
                if plan.carried:  # the next fold would go on with what this one has learnt
                    raise
                failed[fold.name] = problem
                if fold is not begin.folds[-1]:
                    console.warn(f"{fold.name} has failed; the other folds go on")
        if failed:
            raise together(failed, len(begin.finished) + len(begin.folds) - len(failed))
    except BaseException as problem:
        listener.on_run_end(problem)
        raise
    listener.on_run_end(None)


def _prepare(trainer: Trainer, plan: Plan, run: Run) -> None:
    """Compute the features that every fold needs for sure, and say so."""
    without = _unwatched(trainer, plan)
    _tell_fixed(trainer, without, len(plan.folds), run)
    started = time.monotonic()
    trainer.prepare(plan, _certain_epochs(trainer, without))
    _tell_frames(trainer, run, time.monotonic() - started)


def _tell_frames(trainer: Trainer, run: Run, seconds: float) -> None:
    if trainer.mode == "features":
        known, new = (sum(getattr(inputs, what) for inputs in _banked(trainer)) for what in ("reused", "computed"))
        speed = f" in {seconds:.1f} s ({new / seconds:.1f} frames/s)" if new else ""
        run.log(f"features: {known} frames known, {new} computed{speed}")
        _keep_frames(trainer, run)


def _banked(trainer: Trainer) -> list[CachedFeatures]:
    every = [inputs for stream in trainer.streams for inputs in stream.all_inputs()]
    return [inputs for inputs in every if isinstance(inputs, CachedFeatures)]


def _keep_frames(trainer: Trainer, run: Run) -> None:
    if trainer.mode == "features":
        counts = {key: sum(getattr(inputs, key) for inputs in _banked(trainer)) for key in ("computed", "reused")}
        run.add_facts(features=counts, streams=stored(trainer.stream_facts()))


def fill_features(trainer: Trainer, plan: Plan, rows: Collection[int] | None = None) -> int:
    """Compute the features that every fold needs for sure, of some rows or all; return how many frames that was."""
    trainer.prepare(plan, _certain_epochs(trainer, _unwatched(trainer, plan)), rows)
    return sum(inputs.computed for inputs in _banked(trainer))


def _certain_epochs(trainer: Trainer, unwatched: Sequence[Fold]) -> int:
    """Return how many epochs some fold will train for sure."""
    settings = trainer.train
    if settings.early_stopping and not trainer.solved and not unwatched:
        return min(trainer.epochs, max(settings.warm_up, settings.patience))
    return trainer.epochs


def _unwatched(trainer: Trainer, plan: Plan) -> list[Fold]:
    """Return the folds in which early stopping would evaluate an inner part, and there is none."""
    table, settings, seed = trainer.clips.table, trainer.train, trainer.seed
    if not settings.early_stopping or trainer.solved or plan.watches_scored:
        return []
    return [fold for fold in plan.folds if inner_part(table, fold.train, settings.inner_share, seed) is None]


def _tell_fixed(trainer: Trainer, without: Sequence[Fold], number: int, run: Run) -> None:
    """Say which folds have no inner part to watch."""
    settings = trainer.train
    if without:
        named = ", ".join(f.name for f in without) if len(without) < 5 else f"{len(without)} of {number} folds"
        run.log(
            f"{named}: too few clips or groups per class for an inner part that early stopping could watch "
            "(every class in it and in the rest, no group in both, at most a third): "
            f"train.epochs={settings.epochs} is fixed"
        )
