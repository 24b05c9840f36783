"""From a checked request to run folders: data first, then folders, then Hydra's jobs, then the sweep's table."""

import contextlib
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Quote, QuotedString

from darkhar_cli import console
from darkhar_cli.config import schema
from darkhar_cli.config.sweep_words import Request, bare_key, given, job_folder, resolved
from darkhar_cli.data import clip_dataset
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.evaluation import sweep_table
from darkhar_cli.files import asides, disk
from darkhar_cli.launch import produced, sweep_jobs
from darkhar_cli.launch.preparation import prepare
from darkhar_cli.launch.training_job import row_labels
from darkhar_cli.names import reversed_names, unreferring
from darkhar_cli.report import method_tables, terminal
from darkhar_cli.runs.identity import identity
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import plan_folds

Hydra = Callable[[list[str]], object]


def launch(verb: str, request: Request, words: list[str], hydra: Hydra) -> int:
    """Run a request's jobs; return the exit code.

    Args:
        verb: `train` or `prepare`.
        request: the checked request.
        words: what is handed to Hydra, to which folders are added.
        hydra: runs `train` with Hydra on these words.

    Raises:
        DarkharError: data, folds or folders do not allow it, or the single job failed.
    """
    _check_paths(request)
    if verb == "prepare":
        for job in request.jobs:
            prepare(job.config)
        return 0
    key, default = ("hydra.sweep.dir", "outputs/sweeps") if request.multirun else ("hydra.run.dir", "outputs/train")
    _refuse_unwritable(Path(_typed_place(request, key) or default).absolute(), key)  # before the data are prepared
    prints = _check_data(request)
    if request.multirun:
        return _sweep(request, words, prints, hydra)
    _single(request, words, prints[0], hydra)
    return 0


def _check_paths(request: Request) -> None:
    """Refuse paths that are not there (all but folders that are made)."""
    for job in request.jobs:
        for key in sorted(schema.path_keys()):
            group, _, name = key.partition(".")
            node = job.config.get(group)
            value = node.get(name) if isinstance(node, Mapping) else node
            made = key in ("dataset.data_dir", "cache_dir")
            if not made:
                _refuse_missing(key, value)
        for name, parts in (job.config.get("streams") or {}).items():
            _refuse_missing(f"streams.{name}.extractor.weights", parts["extractor"].get("weights"))


def _refuse_missing(key: str, value: Any) -> None:
    if isinstance(value, str) and os.path.isabs(value) and not os.path.exists(value):
        raise BadRequest(f"{key}={value}: no such file or folder")


def _check_data(request: Request) -> list[str]:
    """Prepare every data set of the request and refuse folds that it does not allow; return the fingerprints."""
    opened: dict[str, clip_dataset.Clips] = {}
    prints = []
    for job in request.jobs:
        dataset = job.config["dataset"]
        key = str(dataset)
        if key not in opened:
            opened[key] = clip_dataset.open_clips(dataset)
        if dataset.get("reverse"):
            reversed_names(dataset["reverse"], opened[key].classes)
        plan_folds(job.config["cv"], opened[key].table, job.config["seed"], opened[key].classes)
        prints.append(opened[key].fingerprint)
    return prints


def _claimed(folder: Path, fresh: bool, key: str) -> Path:
    """Make a run's or sweep's folder and return it: with `fresh` the first of folder, folder-2, ... that is not there.

    Raises:
        FailedWork: it cannot be made, or not be written to.
    """
    number, place = 1, folder
    while True:
        with disk.writing(place, f"choose another with {key}=..."):
            try:
                _make(place, exist_ok=not fresh)
                break
            except FileExistsError:
                if not fresh:
                    raise
        number += 1
        place = folder.with_name(f"{folder.name}-{number}")
    _refuse_unwritable(place, key)
    return place


def _refuse_unwritable(folder: Path, key: str) -> None:
    """Refuse a folder that cannot be made or written to; to find out, another is made in its place and removed again.

    Raises:
        FailedWork: names it, the reason, and the key that chooses another.
    """
    if "${" in str(folder):
        raise BadRequest(f"{folder} has '${{' in its name, which Hydra cannot read; choose another with {key}=...")
    parent = next(place for place in (folder, *folder.parents) if place.exists())
    if not parent.is_dir():
        raise FailedWork(f"cannot write to {folder}: {parent} is not a folder; choose another with {key}=...")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise FailedWork(f"cannot write to {folder}: permission denied; choose another with {key}=...")
    if parent == folder:
        return
    probe = asides.beside(folder)
    missing = [place for place in folder.parents if not place.exists()]
    try:
        with disk.writing(folder, f"choose another with {key}=..."):
            _make(probe, exist_ok=False)
    finally:
        for place in (probe, *missing):
            with contextlib.suppress(OSError):  # not made, or somebody else uses it meanwhile
                place.rmdir()


def _make(folder: Path, exist_ok: bool) -> None:
    """Make a folder and those it stands in, though another process may be removing its empty ones meanwhile."""
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            return folder.mkdir(parents=True, exist_ok=exist_ok)
    return folder.mkdir(parents=True, exist_ok=exist_ok)


def _label(config: Mapping[str, Any]) -> str:
    labels = row_labels(config, config["cv"]["name"])
    return "-".join(str(labels[key]) for key in ("dataset", "sampler", "enhance", "extractor", "classifier"))


def _single(request: Request, words: list[str], fingerprint: str, hydra: Hydra) -> None:
    config = request.jobs[0].config
    mark = identity(config, fingerprint)
    default = Path("outputs", "train", job_folder(f"{config['name'] or _label(config)}-{mark}"))
    folder = Path(_typed_place(request, "hydra.run.dir") or default).absolute()
    if not config["fresh"]:
        _refuse_other(folder, mark)
    folder = _claimed(folder, config["fresh"], "hydra.run.dir")
    produced.add(folder)
    hydra([f"hydra.run.dir={_quoted(folder)}", *_without(words, "hydra.run.dir")])


def _typed_place(request: Request, key: str) -> str | None:
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


def _sweep(request: Request, words: list[str], prints: list[str], hydra: Hydra) -> int:
    config = request.jobs[0].config
    marks = [identity(job.config, mark) for job, mark in zip(request.jobs, prints, strict=True)]
    what = config["name"] or "-".join(key.rsplit(".", 1)[-1] for key in request.swept) or "sweep"
    name = given(words, "name") or f"{what}-{sha256(' '.join(sorted(marks)).encode()).hexdigest()[:10]}"
    default = Path("outputs", "sweeps", job_folder(name))
    folder = Path(_typed_place(request, "hydra.sweep.dir") or default).absolute()
    if config["fresh"]:
        folder = _claimed(folder, True, "hydra.sweep.dir")
    places = [folder / request.folder(number) for number in range(len(request.jobs))]
    for place, mark in zip(places, marks, strict=True):
        _refuse_other(place, mark)
    folder = folder if config["fresh"] else _claimed(folder, False, "hydra.sweep.dir")
    produced.add(folder)
    unswept = {bare_key(word) for word in request.jobs[0].overrides} - set(request.swept)
    extra = [
        f"hydra.sweep.dir={_quoted(folder)}",
        f"hydra.job.config.override_dirname.exclude_keys={_list(sorted(unswept))}",
    ]
    console.note(f"sweep of {len(places)} jobs in {folder}")
    failure: Exception | None = None
    with sweep_jobs.recording(folder) as recorded:
        try:
            hydra([*extra, *_without(words, "hydra.sweep.dir")])
        except Exception as problem:  # a failed job is a row of the table
            failure = problem
        used = recorded()
    if not folder.is_dir():
        raise failure or FailedWork(f"the sweep left nothing in {folder}")
    (folder / "multirun.yaml").unlink(missing_ok=True)  # Hydra's; each job's config.yaml says more
    jobs = {
        used.get(number, places[number]): request.varied(job) | row_labels(job.config, job.config["cv"]["name"])
        for number, job in enumerate(request.jobs)
    }
    table = sweep_table.save_sweep(folder, jobs, request.swept)
    terminal.show_sweep(table, folder, request.swept)
    if not _show_methods(folder):
        terminal.show_sweep_limits(table)
    if failure is not None and not (table["status"] == "failed").any():
        raise failure
    return 0 if (table["status"] == "done").all() else 1


def _show_methods(folder: Path) -> bool:
    """Print a sweep's methods, or why its jobs are not compared; return whether there was anything to compare."""
    try:
        comparison = sweep_table.save_methods(folder)
    except BadRequest as problem:
        console.note(f"methods are not compared: {problem}")
        return False
    if comparison:
        method_tables.show(comparison, str(folder / "methods.csv"))
    return comparison is not None


def _refuse_other(folder: Path, mark: str) -> None:
    if Run(folder).identity not in (None, mark):
        raise BadRequest(
            f"{folder} holds another experiment (other settings or data); choose another name=... or remove it"
        )


def _list(keys: list[str]) -> str:
    return "[" + ",".join(f"'{key}'" for key in keys) + "]"


def _quoted(path: Path) -> str:
    return QuotedString(unreferring(str(path)), Quote.single).with_quotes()


def _without(words: list[str], key: str) -> list[str]:
    return [w for w in words if bare_key(w) != key]
