"""Folds that were trained by jobs of their own (`cv.only=K`): each in a part of the run's folder, then joined.

A part is a run folder under `.only/K/` that never becomes whole: it holds one fold's model, predictions and history.
Joining moves them to where the run itself would have kept them, so that its tables are made, to the byte, as those of a
run that was interrupted behind its last fold.
"""

import os
import shutil
from pathlib import Path

from darkhar_cli import console
from darkhar_cli.files import claims
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Plan

FOLDER = ".only"
_CARRIED = ("mode", "mode_reason", "streams", "code")  # facts that a run has of training its folds


def part(run: Run, number: int) -> Run:
    """Return the part of a run in which a fold, by its place in the plan, is trained alone."""
    return Run(run.folder / FOLDER / str(number))


def parts(run: Run) -> list[Run]:
    """Return a run's parts in the order of their folds."""
    found = [place for place in (run.folder / FOLDER).glob("*") if place.name.isdigit()]
    return [Run(place) for place in sorted(found, key=lambda place: int(place.name))]


def missing(run: Run, plan: Plan) -> list[int]:
    """Return the places of those of a plan's folds that neither a run nor a part of it has."""
    return [
        number
        for number, fold in enumerate(plan.folds)
        if not any(one.has_fold(fold.repeat, fold.index) for one in (run, part(run, number)))
    ]


def join(run: Run, plan: Plan) -> None:
    """Move the finished folds of a run's parts into the run, waiting for parts that are being trained.

    The run must be claimed; a fold that it has is not moved again.
    """
    counts = dict(run.record().features) or {"computed": 0, "reused": 0}
    for one in parts(run):
        number = int(one.folder.name)
        with claims.held(one.folder / ".claim", f"fold {number} of {run.folder}", console.note):
            fold = plan.folds[number] if number < len(plan.folds) else None
            if fold is None or run.has_fold(fold.repeat, fold.index) or not one.has_fold(fold.repeat, fold.index):
                continue
            facts = one.facts()
            for name, count in facts.get("features", {}).items():
                counts[name] = counts.get(name, 0) + count
            model, kept = run.model_path(fold.index, fold.repeat), run.fold_folder(fold.repeat, fold.index)
            model.parent.mkdir(parents=True, exist_ok=True)
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(one.model_path(fold.index, fold.repeat), model)
            shutil.rmtree(kept, ignore_errors=True)
            os.replace(one.fold_folder(fold.repeat, fold.index), kept)
            if "features" in facts:
                facts["features"] = counts
            run.add_facts(**{name: facts[name] for name in (*_CARRIED, "features") if name in facts})


def remove(run: Run) -> None:
    """Remove a whole run's parts."""
    shutil.rmtree(run.folder / FOLDER, ignore_errors=True)


def error_of(folder: Path) -> str:
    """Return the reason why a run, or the first failed of its parts, could not be finished; empty without one."""
    for run in (Run(folder), *parts(Run(folder))):
        error = run.folder / "error.txt"
        if error.is_file():
            reason = (error.read_text(encoding="utf-8").strip().splitlines() or ["no reason is kept"])[0]
            return reason if run.folder == folder else f"fold {run.folder.name}: {reason}"
    return ""
