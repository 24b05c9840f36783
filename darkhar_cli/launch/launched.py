"""A sweep whose jobs a launcher runs: shared features first, then the jobs that are not finished."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from darkhar_cli import console
from darkhar_cli.config.checked import JobConfig, Request
from darkhar_cli.config.sweep_words import FOLD
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.launch.launchers import chosen, surroundings
from darkhar_cli.launch.launchers.contract import Launcher, Task, Work
from darkhar_cli.launch.opened import OpenedJob
from darkhar_cli.launch.sweep_progress import SweepProgress
from darkhar_cli.launch.training_job import is_whole
from darkhar_cli.launch.works import FillCache, TrainJob, by_features, in_order
from darkhar_cli.names import several
from darkhar_cli.runs import fold_parts
from darkhar_cli.runs.run_folder import Run


def check(request: Request) -> None:
    """Refuse a launcher's settings that are wrong, and a launcher of ours for jobs that a sweeper draws.

    Raises:
        BadRequest: names them.
    """
    if request.launcher not in chosen.NAMES:
        return
    if request.drawn:
        raise BadRequest(
            f"hydra/launcher={request.launcher} runs jobs that are named; for jobs that are drawn use darkhar search"
        )
    chosen.refuse_missing(request.launcher)
    chosen.check_settings(request.launcher, request.launcher_settings)


def run_jobs(
    request: Request, opened: Sequence[OpenedJob], places: Sequence[Path], folder: Path, keep: Callable[[], object]
) -> Exception | None:
    """Run the jobs of a sweep that are not finished; return the first failure.

    Args:
        request: with the jobs' words and the launcher.
        opened: the jobs with their data, which are prepared.
        places: their run folders.
        folder: the sweep's.
        keep: writes the sweep's table as it stands.
    """
    remaining = {n: request.jobs[n] for n, job in enumerate(opened) if not _finished(job, places[n])}
    console.note(f"{several(len(opened) - len(remaining), 'job')} finished before, {len(remaining)} to run")
    if not remaining:
        return None
    launcher = chosen.build_launcher(request.launcher, request.launcher_settings, folder / ".submitit")
    groups = by_features(remaining)
    names = {
        place: " ".join(f"{key}={value}" for key, value in request.varied(request.jobs[number]).items() if key != FOLD)
        for number, place in enumerate(places)
    }
    with tempfile.TemporaryDirectory(prefix="darkhar-") as shared:
        around = surroundings.of_this_process(
            launcher.threads, launcher.devices, Path(shared), launcher.ends_with_command
        )
        try:
            _fill(launcher, around, remaining, [group for group in groups if len(group) > 1])
            progress = SweepProgress(names, keep, len(remaining))
            with progress.shown():
                return _train(launcher, around, remaining, in_order(groups, launcher.per_task), places, progress)
        except FailedWork as problem:
            return problem


def _finished(job: OpenedJob, place: Path) -> bool:
    """Whether a job has nothing left to do: its run is whole, or its fold is there and others are not."""
    run, number = Run(place), job.config["cv"].get("only")
    if number is None or run.done:
        return is_whole(run, job.config)
    missing = fold_parts.missing(run, job.plan)
    return bool(missing) and number not in missing


def _fill(launcher: Launcher, around: Any, remaining: Mapping[int, JobConfig], groups: Sequence[Sequence[int]]) -> None:
    """Compute what jobs share, a task for each feature key; what fails here fails again, and is told, in its jobs."""
    if not groups:
        return
    console.note(f"features that jobs share: {several(len(groups), 'way')} of computing them")
    works = [FillCache(tuple(remaining[number].bare() for number in group)) for group in groups]
    computed = 0
    for ended in launcher.run([Task(((number, work),), around) for number, work in enumerate(works)]):
        computed += sum(one.value or 0 for one in ended)
    console.note(f"features that jobs share: {several(computed, 'frame')} computed")


def _train(
    launcher: Launcher,
    around: Any,
    remaining: Mapping[int, JobConfig],
    tasks: Sequence[Sequence[int]],
    places: Sequence[Path],
    progress: SweepProgress,
) -> Exception | None:
    failure: Exception | None = None
    works: dict[int, Work] = {number: TrainJob(number, job, places[number]) for number, job in remaining.items()}
    for done in launcher.run([Task(tuple((number, works[number]) for number in task), around) for task in tasks]):
        for ended in done:
            if ended.problem:
                failure = failure or FailedWork(ended.problem)
                place = places[ended.number]
                if not fold_parts.error_of(place) and not Run(place).done:  # its process could not say so itself
                    Run(place).fail(ended.problem)
            progress.ended(ended.problem)
    return failure
