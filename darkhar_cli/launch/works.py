"""What a launcher runs of a sweep: first the features that several jobs share, then each job."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkhar_cli import console
from darkhar_cli.config import hydra_adapter, schema
from darkhar_cli.config.checked import JobConfig
from darkhar_cli.config.streams import streams_of
from darkhar_cli.features import feature_cache
from darkhar_cli.launch.opened import DataSets, OpenedJob
from darkhar_cli.launch.training_job import train
from darkhar_cli.native_stderr import quiet_start

_OF_FEATURES = ("dataset", "augment", "runtime", "robustness", "cache_dir")


def feature_key(config: Mapping[str, Any]) -> str:
    """Return what jobs have in common that ask for the same features: all but classifiers, folds and seeds."""
    streams = [[parts["sampler"], list(parts["enhance"].items()), parts["extractor"]] for parts in _streams(config)]
    shared = {key: config.get(key) for key in _OF_FEATURES}
    train_settings = [config["train"][key] for key in ("mode", "precision")]
    return json.dumps([streams, shared, train_settings], sort_keys=True, default=str)


def _streams(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(streams_of(config).values())


def by_features(jobs: Mapping[int, JobConfig]) -> list[list[int]]:
    """Return the numbers of jobs in groups of the same features, in the order of their first jobs."""
    groups: dict[str, list[int]] = {}
    for number, job in jobs.items():
        groups.setdefault(feature_key(job.config), []).append(number)
    return list(groups.values())


@dataclass(frozen=True)
class FillCache:
    """Computes the features that some jobs share.

    Attributes:
        jobs: of one feature key; what the first has computed the others find.
    """

    jobs: tuple[JobConfig, ...]

    def __call__(self) -> int:
        """Return how many frames were computed."""
        data = DataSets()
        return sum(fill_cache(data.open_job(job)) for job in self.jobs)


def fill_cache(job: OpenedJob) -> int:
    """Compute the features that a job needs for sure and the cache lacks; return of how many frames."""
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli import device
        from darkhar_cli.features.appearance import look_at
        from darkhar_cli.training import cross_validation, from_config, planning, trainer

    config, clips = job.config, job.clips
    look_at(clips, feature_cache.root(config["cache_dir"]), console.warn)
    with device.precision(device.policy_for(config["train"]["precision"], device.gpu_capability())):
        experiment = from_config.experiment_of(config, clips.classes)
        execution = planning.plan_execution(experiment, clips.classes)
        if execution.mode != "features":
            return 0
        try:
            ready = trainer.Trainer(experiment, clips, console.warn, execution)
            return cross_validation.fill_features(ready, job.plan)
        finally:
            device.clear_session()


@dataclass(frozen=True)
class TrainJob:
    """Trains one job of a sweep.

    Attributes:
        number: in the sweep, from 0.
        job: checked, with Hydra's tree.
        folder: its run folder.
    """

    number: int
    job: JobConfig
    folder: Path

    def __call__(self) -> None:
        """Train it, as the command itself would."""
        opened = DataSets().open_job(self.job)
        assert self.job.tree is not None
        hydra_adapter.run_composed(
            schema.CONF, self.job.tree, lambda: train(opened, self.folder, show=False), self.folder, self.number
        )


def in_order(groups: Sequence[Sequence[int]], per_task: int) -> list[list[int]]:
    """Return the jobs of each task: jobs of the same features one after the other, so many to a task."""
    return [list(group[start : start + per_task]) for group in groups for start in range(0, len(group), per_task)]
