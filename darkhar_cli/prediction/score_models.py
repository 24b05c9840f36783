"""A finished run's fold models predict the probabilities of a data set's clips, for its tables."""

import copy
import gc
from collections.abc import Sequence
from typing import Any

import pandas as pd

from darkhar_cli import console, device
from darkhar_cli.data.background_similarity import scene_names
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.features.appearance import look_at
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.metrics import tables
from darkhar_cli.prediction.predictor import Predictor
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.stream_facts import stored
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training.cross_validation import predictions_table
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.trainer import Trainer

SPLIT = tables.TESTS[0]  # what predictions.csv calls the clips: every fold scores all of them


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
    try:
        predictor = Predictor(run, clips, experiment, folds="all")
        parts = predictor.on(clips)
        assert experiment.setting.cache is not None, "a run's own"
        appearance = look_at(clips, experiment.setting.cache)
        clips.table["luma"] = appearance.luma
        clips.table["scene"] = scene_names(appearance.backgrounds, clips.table["digest"])
        table = _predict(predictor, parts)
        return table, {**device.facts(predictor.policy), "streams": stored(parts.stream_facts())}
    finally:
        device.clear_session()
        gc.collect()


def _predict(predictor: Predictor, parts: Trainer) -> pd.DataFrame:
    """Return the predictions of all folds, sorted as predictions.csv is."""
    rows = parts.clips.table.index.tolist()
    with device.precision(predictor.policy):
        parts.prepare(Plan("evaluate", [Fold(0, [], rows)], {}), 0)
    conditions: list[tuple[str, Corruption | None]] = [(SPLIT, None)]
    tables_made = []
    if parts.experiment.darkening:
        conditions.append((f"{SPLIT}_{parts.experiment.darkening.split}", parts.experiment.darkening))
    with console.progress("score", len(predictor.fold_names)) as progress:
        for (repeat, index), found in predictor.fold_logits(parts, rows, [way for _, way in conditions]):
            for (split, darkening), logits in zip(conditions, found, strict=True):
                frames, fold = parts.frames_text(rows, darkening), Fold(index, [], rows, repeat)
                tables_made.append(predictions_table(parts.clips, rows, logits, frames, split, fold))
            progress.advance(f"fold {index}")
    return pd.concat(tables_made).sort_values(tables.KEYS, ignore_index=True)
