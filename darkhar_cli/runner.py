"""One fold, all folds: train a fresh model on a fold's clips, score it, keep what came out."""

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import console, device
from darkhar_cli.clips import TEST, Clips
from darkhar_cli.errors import FailedWork
from darkhar_cli.features import FeatureInputs
from darkhar_cli.folds import Fold, Plan
from darkhar_cli.inner import inner_part
from darkhar_cli.runs import Run
from darkhar_cli.trainer import Learner, Trainer

Advance = Callable[..., None]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities (N, K) float64 of logits (N, K)."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def predictions_table(
    clips: Clips,
    rows: Sequence[int],
    logits: np.ndarray,
    positions: Sequence[np.ndarray],
    split: str,
    fold: Fold,
) -> pd.DataFrame:
    """Return one fold's rows of predictions.csv; `frames` lists the sampled positions."""
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
        "frames": [" ".join(map(str, picked.tolist())) for picked in positions],
    }
    return pd.DataFrame(columns)


def run_fold(trainer: Trainer, fold: Fold, run: Run, advance: Advance) -> None:
    """Train one fold's model, score it on the fold's validation clips and the test split, and keep all of it."""
    started, clips = time.monotonic(), trainer.clips
    settings = trainer.train
    parts = None
    if settings["early_stopping"]:
        parts = inner_part(clips.table, fold.train, settings["inner_share"], trainer.experiment.seed)
    fit, inner = parts or (fold.train, [])
    learner = trainer.learner()
    initial = learner.weights_hash()
    trainer.begin(learner, fold, fit)
    history, kept = fit_fold(trainer, learner, fit, inner, lambda text: advance(f"fold {fold.index} {text}"))
    if len(history) < settings["epochs"]:
        advance(f"fold {fold.index} stopped early", settings["epochs"] - len(history))
    tables = []
    for split, rows in (("validation", fold.validation), (TEST, clips.rows(TEST))):
        if rows:
            logits, positions = trainer.logits(learner, rows)
            if not np.isfinite(logits).all():
                raise FailedWork(f"fold {fold.index}: the model gives no finite numbers; try train.precision=float32")
            tables.append(predictions_table(clips, rows, logits, positions, split, fold))
    run.save_model(fold.index, learner.whole)
    ids = "\n".join(sorted(clips.table.loc[list(fold.train), "digest"]))
    facts = {
        "repeat": fold.repeat,
        "fold": fold.index,
        "epochs": len(history),
        "best_epoch": kept,
        "fitted": len(fit),
        "inner": len(inner),
        "initial_weights": initial,
        "training_ids": sha256(ids.encode()).hexdigest()[:16],
        "weights": learner.weights_hash(),
        "seconds": round(time.monotonic() - started, 2),
    }
    table = pd.DataFrame(history).assign(repeat=fold.repeat, fold=fold.index)
    order = ["repeat", "fold", "epoch", "loss", "accuracy", "inner_loss", "inner_accuracy"]
    run.save_fold(fold.repeat, fold.index, pd.concat(tables), table.reindex(columns=order), facts)
    last = history[-1]
    run.log(
        f"fold {fold.index}: {len(fit)} clips fitted, {len(inner)} watched, {len(history)} epochs, kept epoch {kept}, "
        f"loss {last['loss']:.3f}, accuracy {last['accuracy']:.3f}, {facts['seconds']:.1f} s"
    )


def fit_fold(
    trainer: Trainer, learner: Learner, fit: Sequence[int], inner: Sequence[int], tell: Callable[[str], None]
) -> tuple[list[dict[str, float]], int]:
    """Train until the inner part stops getting better, or for all epochs where there is no inner part.

    Returns:
        One dict per epoch (counted from 1: loss, accuracy, inner_loss, inner_accuracy), and the epoch that is kept.
    """
    settings = trainer.train
    history: list[dict[str, float]] = []
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


def run_folds(trainer: Trainer, plan: Plan, run: Run) -> None:
    """Run every fold that is not finished yet; what each leaves is in the run's folder."""
    todo = [fold for fold in plan.folds if not run.has_fold(fold.repeat, fold.index)]
    for fold in plan.folds:
        if fold not in todo:
            run.log(f"fold {fold.index}: finished before, kept")
    if not todo:
        return
    run.log(f"mode {trainer.mode}: {trainer.why}")
    if trainer.frozen:
        run.log(f"runtime {trainer.frozen.runtime} {trainer.frozen.precision}: {trainer.frozen.why}")
    run.add_facts(mode=trainer.mode, mode_reason=trainer.why, extractor=trainer.extractor_facts())
    if trainer.short_clips():
        how = trainer.sampler.short
        run.log(f"{trainer.short_clips()} clips have fewer than {trainer.sampler.frames} frames: sampler.short={how}")
    settings = trainer.train
    certain = settings["epochs"]  # how many epochs some fold will train for sure
    if settings["early_stopping"] and not _tell_fixed(trainer, plan, run):
        certain = min(certain, max(settings["warm_up"], settings["patience"]))
    started = time.monotonic()
    trainer.prepare(plan, certain)
    _tell_frames(trainer, run, time.monotonic() - started)
    try:
        with console.progress("train", len(todo) * trainer.train["epochs"]) as progress:
            for fold in todo:
                run_fold(trainer, fold, run, progress.advance)
        _keep_frames(trainer, run)
    finally:
        device.clear_session()  # a sweep's next job starts with empty hands
        gc.collect()


def _tell_frames(trainer: Trainer, run: Run, seconds: float) -> None:
    if isinstance(trainer.inputs, FeatureInputs):
        known, new = trainer.inputs.reused, trainer.inputs.computed
        speed = f" in {seconds:.1f} s ({new / seconds:.1f} frames/s)" if new else ""
        run.log(f"features: {known} frames known, {new} computed{speed}")
        _keep_frames(trainer, run)


def _keep_frames(trainer: Trainer, run: Run) -> None:
    if trainer.frozen and isinstance(trainer.inputs, FeatureInputs):
        frozen = trainer.frozen
        facts = {"runtime": frozen.runtime, "precision": frozen.precision, **trainer.inputs.facts()}
        run.add_facts(features=facts)


def _tell_fixed(trainer: Trainer, plan: Plan, run: Run) -> bool:
    """Say which folds have no inner part to watch; return whether there are any."""
    table, settings, seed = trainer.clips.table, trainer.train, trainer.experiment.seed
    without = [f.index for f in plan.folds if inner_part(table, f.train, settings["inner_share"], seed) is None]
    if without:
        folds = ", ".join(map(str, without))
        run.log(
            f"fold {folds}: too few clips or groups per class for an inner part that early stopping could watch "
            "(every class in it and in the rest, no group in both, at most a third): "
            f"train.epochs={settings['epochs']} is fixed"
        )
    return bool(without)
