"""One fold, all folds: train a fresh model on a fold's clips, score it, keep what came out."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import console, device
from darkhar_cli.data.clip_dataset import TEST, Clips
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.data.frame_times import irregular_note
from darkhar_cli.errors import FailedWork
from darkhar_cli.features.cached_features import FeatureInputs
from darkhar_cli.runs.identity import mark_of
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.inner_validation import inner_part
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.fit_loop import fit_fold, kept_words, to_fit_and_watch
from darkhar_cli.training.trainer import Learner, Trainer

Advance = Callable[..., None]


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


def _mark(values: Sequence[str]) -> str:
    """Return the hash of a set of words."""
    return sha256("\n".join(sorted(values)).encode()).hexdigest()[:16]


def run_fold(trainer: Trainer, fold: Fold, plan: Plan, run: Run, advance: Advance) -> None:
    """Train one fold's model, score it on the fold's validation clips and the test split, and keep all of it."""
    started, epochs = time.monotonic(), trainer.epochs
    fit, watched = to_fit_and_watch(trainer, fold, plan)
    learner = trainer.learner(fresh=not plan.carried or fold is plan.folds[0])
    initial = learner.weights_hash()
    trainer.begin(learner, fold, fit)
    history, kept = fit_fold(trainer, learner, fit, watched, lambda text: advance(f"{fold.name} {text}"))
    if len(history) < epochs:
        advance(f"{fold.name} stopped early", epochs - len(history))
    predictions = score_fold(trainer, learner, fold)
    run.save_model(fold.index, learner.whole, fold.repeat)
    trained = trainer.clips.table.loc[list(fold.train)]
    facts = {
        "repeat": fold.repeat,
        "fold": fold.index,
        "epochs": len(history),
        "best_epoch": kept,
        "fitted": len(fit),
        "inner": len(watched),
        "initial_weights": initial,
        "training_ids": _mark(trained["digest"]),
        "training_twins": _mark(trained["twin"]) if "twin" in trained and trained["twin"].all() else None,
        "weights": learner.weights_hash(),
        "code": mark_of(run.facts().get("code", {})),
        "seconds": round(time.monotonic() - started, 2),
    }
    table = pd.DataFrame(history).assign(repeat=fold.repeat, fold=fold.index)
    order = ["repeat", "fold", "epoch", "loss", "accuracy", "inner_loss", "inner_accuracy", "objective"]
    run.save_fold(fold.repeat, fold.index, predictions, table.reindex(columns=order), facts)
    inner = "scored" if plan.watches_scored else "inner-validation"
    clips = f"{len(fit)} training clips" + (f", {len(watched)} {inner} clips" if watched else "")
    run.log(f"{fold.name}: {clips}; {kept_words(history, kept, inner)}; {facts['seconds']:.1f} s")


def score_fold(trainer: Trainer, learner: Learner, fold: Fold) -> pd.DataFrame:
    """Return a fold's predictions of its validation clips and of the test split.

    Raises:
        FailedWork: the model gives no finite numbers.
    """
    tables, darkening = [], trainer.experiment.darkening
    test = trainer.clips.rows(TEST)
    asked: list[tuple[str, list[int], Darkening | None]] = [("validation", fold.validation, None), (TEST, test, None)]
    if darkening:
        asked += [("darkened", fold.validation, darkening), ("test_darkened", test, darkening)]
    for split, rows, how in asked:
        if rows:
            logits = trainer.logits(learner, rows, how)
            if not np.isfinite(logits).all():
                raise FailedWork(f"{fold.name}: the model gives no finite numbers; try train.precision=float32")
            tables.append(predictions_table(trainer.clips, rows, logits, trainer.frames_text(rows, how), split, fold))
    return pd.concat(tables)


def run_folds(trainer: Trainer, plan: Plan, run: Run) -> None:
    """Run every fold that is not finished yet; what each leaves is in the run's folder."""
    todo = [fold for fold in plan.folds if not run.has_fold(fold.repeat, fold.index)]
    if not todo:
        return
    if plan.carried:  # what the model has learnt of earlier folds is not kept: all of them again
        todo = plan.folds
    for fold in plan.folds:
        if fold not in todo:
            run.log(f"{fold.name}: finished before, kept")
    run.log(f"mode {trainer.mode}: {trainer.why}")
    said = [irregular_note(trainer.clips.table)]
    for stream in trainer.streams:
        if stream.frozen:
            said.append(f"runtime {stream.frozen.runtime} {stream.frozen.precision}: {stream.frozen.why}")
        if stream.short_clips():
            how = f"sampler {stream.parts.sampler[0]} wants: sampler.short={stream.sampler.short}"
            said.append(f"{stream.short_clips()} clips are shorter than {how}")
    for line in filter(None, dict.fromkeys(said)):
        run.log(line)
    run.add_facts(mode=trainer.mode, mode_reason=trainer.why, extractor=trainer.extractor_facts())
    settings = trainer.train
    certain = trainer.epochs  # how many epochs some fold will train for sure
    watches = settings["early_stopping"] and not trainer.solved
    if watches and (plan.watches_scored or not _tell_fixed(trainer, plan, run)):
        certain = min(certain, max(settings["warm_up"], settings["patience"]))
    started = time.monotonic()
    trainer.prepare(plan, certain)
    _tell_frames(trainer, run, time.monotonic() - started)
    try:
        with console.progress("train", len(todo) * trainer.epochs) as progress:
            for fold in todo:
                run_fold(trainer, fold, plan, run, progress.advance)
        _keep_frames(trainer, run)
    finally:
        device.clear_session()  # a sweep's next job starts with empty hands
        gc.collect()


def _tell_frames(trainer: Trainer, run: Run, seconds: float) -> None:
    if trainer.mode == "features":
        known, new = (sum(getattr(one, what) for one in _banked(trainer)) for what in ("reused", "computed"))
        speed = f" in {seconds:.1f} s ({new / seconds:.1f} frames/s)" if new else ""
        run.log(f"features: {known} frames known, {new} computed{speed}")
        _keep_frames(trainer, run)


def _banked(trainer: Trainer) -> list[FeatureInputs]:
    return [one for stream in trainer.streams for one in stream.all_inputs() if isinstance(one, FeatureInputs)]


def _keep_frames(trainer: Trainer, run: Run) -> None:
    if trainer.mode == "features":
        frozen = [stream.frozen for stream in trainer.streams]
        facts: list[Mapping[str, Any]] = [one.facts() for one in _banked(trainer)]
        words = {key: "|".join(dict.fromkeys(getattr(one, key) for one in frozen)) for key in ("runtime", "precision")}
        banks = {"bank": "|".join(dict.fromkeys(str(one["bank"]) for one in facts))}
        counts = {key: sum(one[key] for one in facts) for key in ("computed", "reused")}
        run.add_facts(features=words | banks | counts)


def _tell_fixed(trainer: Trainer, plan: Plan, run: Run) -> bool:
    """Say which folds have no inner part to watch; return whether there are any."""
    table, settings, seed = trainer.clips.table, trainer.train, trainer.seed
    without = [f for f in plan.folds if inner_part(table, f.train, settings["inner_share"], seed) is None]
    if without:
        named = ", ".join(f.name for f in without) if len(without) < 5 else f"{len(without)} of {len(plan.folds)} folds"
        run.log(
            f"{named}: too few clips or groups per class for an inner part that early stopping could watch "
            "(every class in it and in the rest, no group in both, at most a third): "
            f"train.epochs={settings['epochs']} is fixed"
        )
    return bool(without)
