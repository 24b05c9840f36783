"""What a job needs before it can run, each made once: its clips, its folds, its identity."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from darkhar_cli.config import own_parts
from darkhar_cli.config.checked import JobConfig
from darkhar_cli.config.sweep_words import FOLD, bare_key
from darkhar_cli.data import clip_dataset
from darkhar_cli.names import reversed_names
from darkhar_cli.runs.identity import identity
from darkhar_cli.splits.plan import Plan, check_fold, plan_folds


@dataclass(frozen=True)
class OpenedJob:
    """A checked job with its data.

    Attributes:
        config: whole and checked, as plain dicts.
        overrides: what was typed, the user's own files among it, for overrides.yaml.
        clips: the data set; its table is this job's own.
        plan: the folds.
        identity: the hash of what decides its numbers.
    """

    config: Mapping[str, Any]
    overrides: Sequence[str]
    clips: clip_dataset.Clips
    plan: Plan
    identity: str

    def of_all_folds(self) -> "OpenedJob":
        """Return the job of the whole run that a fold trained alone is part of."""
        if self.config["cv"].get("only") is None:
            return self
        config = {**self.config, "cv": {**self.config["cv"], "only": None}}
        return replace(self, config=config, overrides=[w for w in self.overrides if bare_key(w) != FOLD])


class DataSets:
    """The data sets and fold plans of a request's jobs: jobs of the same data share them.

    Args:
        open_clips: opens a data set, of the `dataset` group of a configuration; None: preparing it where it is not.
    """

    def __init__(self, open_clips: Callable[[Mapping[str, Any]], clip_dataset.Clips] | None = None) -> None:
        self._open_clips = open_clips or clip_dataset.open_clips
        self._clips: dict[str, clip_dataset.Clips] = {}
        self._plans: dict[str, Plan] = {}

    def clips(self, dataset: Mapping[str, Any]) -> clip_dataset.Clips:
        """Return a data set with a table of the caller's own, preparing it first where that has not been done.

        Raises:
            DarkharError: see `clip_dataset.open_clips`.
        """
        key = str(dataset)
        known = self._clips.get(key)
        if known is None or not (known.folder / "clips.csv").is_file():  # a job has found it damaged
            known = self._clips[key] = self._open_clips(dataset)
        own = copy.copy(known)
        own.table = known.table.copy()
        return own

    def open(self, config: Mapping[str, Any], overrides: Sequence[str]) -> OpenedJob:
        """Return a job with its data.

        Raises:
            DarkharError: the data are not what they should be, or do not allow the folds.
        """
        clips = self.clips(config["dataset"])
        if config["dataset"].get("reverse"):
            reversed_names(config["dataset"]["reverse"], clips.classes)
        own = config["cv"].get("seed")  # replicates share their folds
        division = {**config["cv"], "only": None}
        key = str((clips.fingerprint, config["dataset"], division, config["seed"] if own is None else own))
        if key not in self._plans:
            self._plans[key] = plan_folds(division, clips.table, config["seed"], clips.classes)
        check_fold(self._plans[key], config["cv"].get("only"))
        return OpenedJob(config, overrides, clips, self._plans[key], identity(config, clips.fingerprint))

    def open_job(self, job: JobConfig) -> OpenedJob:
        """Return a job with its data; the words kept of it give the user's own files again, from any folder.

        Raises:
            DarkharError: see `open`.
        """
        return self.open(job.config, [*own_parts.words_in_use(), *job.typed])

    def again(self, job: OpenedJob) -> OpenedJob:
        """Return a job as it is, or opened anew where an earlier one has found its prepared data damaged.

        Raises:
            DarkharError: see `open`.
        """
        sound = (job.clips.folder / "clips.csv").is_file()
        return job if sound else self.open(job.config, job.overrides)
