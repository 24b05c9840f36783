"""A finished run's fold models predict the probabilities of other clips."""

import copy
import gc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import console, device
from darkhar_cli.data.background_similarity import scene_names
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.evaluation.stored_run import fold_facts
from darkhar_cli.features.appearance import look_at
from darkhar_cli.metrics import tables
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.stream_facts import StreamFacts, read_streams, stored
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.compiled_model import CompiledModel
from darkhar_cli.training.cross_validation import predictions_table
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.trainer import Trainer

SPLIT, DARKENED = tables.TESTS  # what predictions.csv calls the clips: every fold scores all of them


def as_it_ran(config: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's configuration with what `auto` meant on the machine that it ran on."""
    streams, runtime = read_streams(facts), dict(config["runtime"])
    ran = [stream.runtime for stream in streams]
    runtime["name"] = next((name for name in ("openvino", "keras") if name in ran), runtime["name"])
    if "openvino" in ran:  # all other runtimes compute in float32 beside it
        runtime["precision"] = "bfloat16" if "bfloat16" in [stream.precision for stream in streams] else "float32"
    return {**config, "train": {**config["train"], "mode": facts["mode"]}, "runtime": runtime}


def view(clips: Clips, rows: Sequence[int], classes: Sequence[str]) -> Clips:
    """Return some of a data set's clips, their classes in the order of a run's logits."""
    seen = copy.copy(clips)
    seen.table, seen.classes = clips.table.loc[list(rows)].reset_index(drop=True), list(classes)
    return seen


def score(run: Run, experiment: Experiment, clips: Clips) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return every fold's predictions of all clips, and what computed them.

    Raises:
        BadRequest: weights that are not the run's.
        FailedWork: a model gives no finite numbers, or clips cannot be read.
    """
    facts = run.facts()
    if experiment.setting.train.deterministic:
        device.make_deterministic()
    policy = facts["precision"]
    try:
        with device.precision(policy):
            trainer = Trainer(experiment, clips)
            _refuse_other_extractor(run, trainer)
            appearance = look_at(clips, experiment.setting.cache)
            clips.table["luma"] = appearance.luma
            clips.table["scene"] = scene_names(appearance.backgrounds, clips.table["digest"])
            return _predict(run, trainer), {**device.facts(policy), "streams": stored(trainer.stream_facts())}
    finally:
        device.clear_session()
        gc.collect()


def _refuse_other_extractor(run: Run, trainer: Trainer) -> None:
    """Refuse features of another extractor than the head was trained on; a whole model brings its own weights."""
    if trainer.mode != "features":
        return
    here, then = trainer.stream_facts(), read_streams(run.facts())
    ours, theirs = (_texts(streams, "weights_hash") for streams in (here, then))
    if theirs and ours != theirs:
        raise BadRequest(
            f"extractor {_texts(here, 'extractor')!r} has other weights than when {run.folder} was trained "
            f"(hash {ours}, run.json has {theirs}): this classifier was trained on other features; "
            "bring the old weights back"
        )
    now, before = (_texts(streams, "precision") for streams in (here, then))
    if before and before != now:
        console.warn(f"features are computed in {now} here, in {before} when the run was trained")


def _texts(streams: Sequence[StreamFacts], name: str) -> str:
    """Return what streams have of a fact, each text once."""
    return ", ".join(dict.fromkeys(text for stream in streams if (text := getattr(stream, name))))


def _predict(run: Run, trainer: Trainer) -> pd.DataFrame:
    """Return the predictions of all folds, sorted as predictions.csv is."""
    rows, folds = trainer.clips.table.index.tolist(), fold_facts(run)
    trainer.prepare(Plan("evaluate", [Fold(0, [], rows)], {}), 0)
    conditions: list[tuple[str, Darkening | None]] = [(SPLIT, None)]
    parts = []
    if trainer.experiment.darkening:
        conditions.append((DARKENED, trainer.experiment.darkening))
    with console.progress("score", len(folds)) as progress:
        for repeat, index in folds:
            fold = Fold(index, [], rows, repeat)
            session = FoldSession(trainer, fold)
            load(run, session.model, fold, folds[repeat, index].get("weights"))
            for split, darkening in conditions:
                logits = session.logits(rows, darkening)
                if not np.isfinite(logits).all():
                    path = run.model_path(index, repeat)
                    raise FailedWork(f"{path}: the model gives no finite numbers for these clips")
                frames = trainer.frames_text(rows, darkening)
                parts.append(predictions_table(trainer.clips, rows, logits, frames, split, fold))
            progress.advance(f"fold {index}")
    return pd.concat(parts).sort_values(tables.KEYS, ignore_index=True)


def load(run: Run, model: CompiledModel, fold: Fold, expected: str | None) -> None:
    """Give a model the weights of a fold's saved model.

    Only the numbers are read: the model is built from the run's configuration, so nothing that a file holds is run.

    Args:
        run: where the model is.
        model: built from the run's configuration.
        fold: whose model.
        expected: the weights hash that run.json keeps, if it does.

    Raises:
        BadRequest: the file does not fit the run's configuration, or its weights have been changed.
    """
    path = run.model_path(fold.index, fold.repeat)
    try:
        model.whole.load_weights(str(path))
    except Exception as problem:  # zip, h5 and Keras each have their own
        raise BadRequest(
            f"{path} does not hold the model that {run.folder / 'config.yaml'} describes: {_first(problem)}"
        ) from problem
    actual = model.weights_hash()
    if expected and actual != expected:
        raise BadRequest(
            f"{path} has other weights than the run saved (hash {actual}, run.json has {expected}); bring the file "
            "back, or train again with fresh=true"
        )


def _first(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
