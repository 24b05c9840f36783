"""A sweep: each job into its own folder, by this process or by a launcher of Hydra's, then one table of them all."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from darkhar_cli import console
from darkhar_cli.config import hydra_adapter, schema
from darkhar_cli.config.checked import Request
from darkhar_cli.config.quotes import quote_literally
from darkhar_cli.config.request import search_path
from darkhar_cli.config.sweep_words import bare_key, given, job_folder
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.evaluation import sweep_table
from darkhar_cli.evaluation.comparison import Comparison
from darkhar_cli.files import asides
from darkhar_cli.launch import launched, needed_weights, sweep_jobs
from darkhar_cli.launch.drawing import draw_sweep
from darkhar_cli.launch.folders import claimed, refuse_other
from darkhar_cli.launch.launchers import chosen
from darkhar_cli.launch.opened import DataSets, OpenedJob
from darkhar_cli.launch.outcome import Outcome
from darkhar_cli.launch.sweep_task import SweepTask
from darkhar_cli.launch.training_job import train
from darkhar_cli.report import method_tables, terminal
from darkhar_cli.runs.row_labels import row_labels

Jobs = dict[Path, Mapping[str, Any]]  # a job's folder -> what is known of it before it has said so itself


def sweep(request: Request, jobs: Sequence[OpenedJob], data: DataSets, typed: str | None) -> Outcome:
    """Run a sweep's jobs and show its table; return the exit code, 1 where a job is not done, and the folder.

    Args:
        request: the checked request.
        jobs: its jobs with their data; examples of them where a sweeper draws the jobs.
        data: what the jobs share.
        typed: the folder typed for it, if one was.

    Raises:
        DarkharError: a folder is another experiment's, or no job could be started.
    """
    config = jobs[0].config
    folder = _folder(request, jobs, typed)
    needed_weights.of_unfinished(
        (None if config["fresh"] or request.drawn else folder / request.folder(number), job.config)
        for number, job in enumerate(jobs)
    )
    if config["fresh"]:
        folder = claimed(folder, True, "hydra.sweep.dir")
    places = [] if request.drawn else [folder / request.folder(number) for number in range(len(jobs))]
    for place, job in zip(places, jobs, strict=bool(places)):
        refuse_other(place, job.identity)
    folder = folder if config["fresh"] else claimed(folder, False, "hydra.sweep.dir")
    asides.remove_leftovers(folder)
    sweep_table.save_facts(folder, request.words, request.varying)
    console.note(f"sweep of {len(places)} jobs in {folder}" if places else f"sweep in {folder}")
    known: Jobs = {
        place: _varied(request, number) | row_labels(job.config, job.config["cv"]["name"])
        for number, (place, job) in enumerate(zip(places, jobs, strict=bool(places)))
    }
    if known:
        sweep_table.save_sweep(folder, known, request.varying)  # `darkhar report` shows it at any time
    used: dict[int, Path] = {}
    if request.launcher in chosen.NAMES:

        def keep() -> object:
            return sweep_table.save_sweep(folder, known, request.varying)

        failure = launched.run_jobs(request, jobs, places, folder, keep)
    elif request.drawn or request.launcher != "basic":
        used, failure = _launched(request, folder)
    else:
        failure = _run_here(request, jobs, data, places)
    if not folder.is_dir():
        raise failure or FailedWork(f"the sweep left nothing in {folder}")
    (folder / "multirun.yaml").unlink(missing_ok=True)  # Hydra's; each job's config.yaml says more
    known = {used.pop(number, place): known[place] for number, place in enumerate(places)}
    code = _end(request, folder, known | {place: {} for _, place in sorted(used.items())}, failure)
    return Outcome(code, folder)


def _varied(request: Request, number: int) -> dict[str, str]:
    """Return what a job's run is varied in, the fold that the job trains alone not among it."""
    varied = request.varied(request.jobs[number])
    return {key: varied[key] for key in request.varying}


def _folder(request: Request, jobs: Sequence[OpenedJob], typed: str | None) -> Path:
    marks = sorted(job.identity for job in jobs)
    what = jobs[0].config["name"] or "-".join(key.rsplit(".", 1)[-1] for key in request.swept) or "sweep"
    name = given(request.words, "name") or f"{what}-{sha256(' '.join(marks).encode()).hexdigest()[:10]}"
    return Path(typed or Path("outputs", "sweeps", job_folder(name))).absolute()


def _run_here(request: Request, jobs: Sequence[OpenedJob], data: DataSets, places: Sequence[Path]) -> Exception | None:
    """Run jobs one after the other in this process; return the first failure, for a failed job is a row of the table.

    One failure is kept: a traceback keeps its job's model in memory.
    """
    failure: Exception | None = None
    for number, (job, place) in enumerate(zip(jobs, places, strict=True)):
        console.note(sweep_jobs.heading(number, len(jobs), request.varied(request.jobs[number])))

        def run(job: OpenedJob = job, place: Path = place) -> float:
            return train(data.again(job), place, show=False)

        try:
            hydra_adapter.run_composed(schema.CONF, request.jobs[number].tree, run, place, number)
        except Exception as problem:
            failure = failure or problem
    return failure


def _launched(request: Request, folder: Path) -> tuple[dict[int, Path], Exception | None]:
    """Run a sweep through Hydra's launcher and sweeper; return each job's folder, and the first failure."""
    numbered = {} if request.drawn else {number: job.bare() for number, job in enumerate(request.jobs)}
    task = SweepTask(numbered, tuple(request.swept), schema.own_folders(), console.is_quiet())
    unswept = {bare_key(word) for word in request.jobs[0].words} - set(request.varying)
    words = [
        f"hydra.sweep.dir={quote_literally(str(folder))}",
        f"hydra.job.config.override_dirname.exclude_keys={_list(sorted(unswept))}",
        *(word for word in request.words if bare_key(word) != "hydra.sweep.dir"),
        *search_path(schema.own_folders()),
    ]
    failure: Exception | None = None
    with sweep_jobs.recording(folder) as recorded:
        try:
            hydra_adapter.multirun(schema.CONF, "train", words, task)
        except Exception as problem:
            failure = problem
        return recorded(), next(iter(task.failures), failure)


def _end(request: Request, folder: Path, jobs: Jobs, failure: Exception | None) -> int:
    table = sweep_table.save_sweep(folder, jobs, request.varying)
    terminal.show_sweep(table, folder, request.varying)
    comparison = _show_methods(folder)
    if not comparison:
        terminal.show_sweep_limits(table, folder)
    draw_sweep(folder, comparison)
    if failure is not None and not (table["status"] == "failed").any():
        raise failure
    return 0 if len(table) and (table["status"] == "done").all() else 1


def _show_methods(folder: Path) -> Comparison | None:
    """Print a sweep's methods, or why its jobs are not compared; return what was found, if anything."""
    try:
        comparison = sweep_table.save_methods(folder)
    except BadRequest as problem:
        console.note(f"methods are not compared: {problem}")
        return None
    if comparison:
        method_tables.show(comparison, str(folder / "methods.csv"))
    return comparison


def _list(keys: list[str]) -> str:
    return "[" + ",".join(f"'{key}'" for key in keys) + "]"
