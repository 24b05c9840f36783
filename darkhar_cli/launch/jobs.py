"""From a checked request to run folders: data first, then folders, then each job as it was checked."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkhar_cli.config import hydra_adapter, schema
from darkhar_cli.config.checked import Request
from darkhar_cli.config.mistakes import Mistakes
from darkhar_cli.config.sweep_words import given, job_folder, resolved
from darkhar_cli.errors import BadRequest
from darkhar_cli.features.shards import Shard
from darkhar_cli.labels import CHOICES
from darkhar_cli.launch import launched, needed_weights
from darkhar_cli.launch.extraction import extract
from darkhar_cli.launch.folders import claimed, refuse_other, refuse_unwritable
from darkhar_cli.launch.opened import DataSets, OpenedJob
from darkhar_cli.launch.outcome import Outcome
from darkhar_cli.launch.preparation import prepare
from darkhar_cli.launch.training_job import train
from darkhar_cli.runs.row_labels import row_labels
from darkhar_cli.trackers.contract import NONE, refuse_missing


def launch(verb: str, request: Request, shards: Sequence[Shard] = ()) -> Outcome:
    """Run a request's jobs; return the exit code, and the folder of the run or sweep.

    Args:
        verb: `train`, `prepare` or `extract`.
        request: the checked request.
        shards: of `extract`: for which of the clips.

    Raises:
        DarkharError: data, folds or folders do not allow it, or the single job failed.
    """
    launched.check(request)
    _check_paths(request)
    for tracker in dict.fromkeys(job.config.get("tracker", NONE)["name"] for job in request.jobs):
        refuse_missing(tracker)
    if verb == "prepare":
        for job in request.jobs:
            prepare(job.config)
        return Outcome(0)
    if verb == "extract":
        return extract(request, shards)
    key, default = ("hydra.sweep.dir", "outputs/sweeps") if request.multirun else ("hydra.run.dir", "outputs/train")
    typed = typed_place(request, key)
    refuse_unwritable(Path(typed or default).absolute(), key)  # before the data are prepared
    needed_weights.of_identity(job.config for job in request.jobs)
    data = DataSets()
    jobs = [data.open_job(job) for job in request.jobs]
    if request.multirun:
        from darkhar_cli.launch.sweep import sweep

        return sweep(request, jobs, data, typed)
    return Outcome(0, _single(request, jobs[0], typed))


def _check_paths(request: Request) -> None:
    """Refuse paths that are not there (all but folders that are made)."""
    mistakes = Mistakes()
    for job in request.jobs:
        for key in sorted(schema.path_keys()):
            group, _, name = key.partition(".")
            node = job.config.get(group)
            value = node.get(name) if isinstance(node, Mapping) else node
            made = key in ("dataset.data_dir", "cache_dir", "tracker.folder")
            if not made:
                with mistakes.kept():
                    _refuse_missing(key, value)
        for name, parts in (job.config.get("streams") or {}).items():
            with mistakes.kept():
                _refuse_missing(f"streams.{name}.extractor.weights", parts["extractor"].get("weights"))
    mistakes.refuse()


def _refuse_missing(key: str, value: Any) -> None:
    if isinstance(value, str) and os.path.isabs(value) and not os.path.exists(value):
        raise BadRequest(f"{key}={value}: no such file or folder")


def _single(request: Request, job: OpenedJob, typed: str | None) -> Path:
    """Run one job; return its folder."""
    config = job.config
    folder = Path(typed or default_folder(config, job.identity)).absolute()
    if not config["fresh"]:
        refuse_other(folder, job.identity)
    needed_weights.of_unfinished([(None if config["fresh"] else folder, config)])
    folder = claimed(folder, config["fresh"], "hydra.run.dir")
    tree = request.jobs[0].tree
    hydra_adapter.run_composed(schema.CONF, tree, lambda: train(job, folder), folder)
    return folder


def default_folder(config: Mapping[str, Any], identity: str) -> Path:
    """Return where a single run's folder is, of a configuration and the hash of what decides its numbers."""
    labels = row_labels(config, config["cv"]["name"])
    name = config["name"] or "-".join(str(labels[key]) for key in CHOICES)
    return Path("outputs", "train", job_folder(f"{name}-{identity}"))


def typed_place(request: Request, key: str) -> str | None:
    """Return the folder typed for a key, if one was.

    Raises:
        BadRequest: it is another one for each job of a sweep.
    """
    typed = given(request.words, key)
    if typed is None:
        return None
    places = {resolved(key, typed, job.config, {"override_dirname": "", "num": 0}) for job in request.jobs}
    if len(places) > 1:
        raise BadRequest(f"{key}={typed} is another folder for each job; a sweep has one (its jobs have theirs in it)")
    return str(Path(places.pop()).expanduser())
