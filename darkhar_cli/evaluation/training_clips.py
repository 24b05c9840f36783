"""Which clips a finished run's folds were trained on, found again by their contents."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.errors import BadRequest, DarkharError
from darkhar_cli.evaluation.stored_run import FoldName, fold_facts
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import plan_folds


def trained_on(run: Run, config: Mapping[str, Any], clips: Clips) -> dict[FoldName, set[str]] | None:
    """Return the content digests of the clips that each fold was trained on, or None if they are not known any more.

    They are searched in the clips at hand, then in the data set that the run names.
    """
    by_fold = _train_digests(run, config, clips)
    if by_fold is None:
        try:
            if clip_dataset.fingerprint(config["dataset"]) == run.record().data.fingerprint:
                by_fold = _train_digests(run, config, clip_dataset.open_clips(config["dataset"]))
        except DarkharError:  # the run's data are gone
            return None
    return by_fold


def _train_digests(run: Run, config: Mapping[str, Any], clips: Clips) -> dict[FoldName, set[str]] | None:
    """Return each fold's training digests if a data set gives the run's own folds, else None."""
    try:
        plan = plan_folds(config["cv"], clips.table, config["seed"], clips.classes)
    except BadRequest:
        return None
    known, by_fold, before = fold_facts(run), {}, set()
    for fold in plan.folds:
        digests = clips.table.loc[list(fold.train), "digest"]
        mark = sha256("\n".join(sorted(digests)).encode()).hexdigest()[:16]
        if known.get((fold.repeat, fold.index), {}).get("training_ids") != mark:
            return None
        before |= set(digests)
        by_fold[fold.repeat, fold.index] = set(before) if plan.carried else set(digests)
    return by_fold if set(by_fold) == set(known) else None
