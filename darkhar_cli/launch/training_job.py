"""`darkhar train`: one experiment, cross-validated, its tables in a run folder."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from darkhar_cli import caveats, console
from darkhar_cli.data import clip_dataset
from darkhar_cli.errors import DarkharError
from darkhar_cli.evaluation import controls
from darkhar_cli.evaluation.conclusions import conclude, gather_controls, save_warnings
from darkhar_cli.evaluation.mending import mend
from darkhar_cli.files import asides, claims
from darkhar_cli.launch.drawing import draw_if_possible, enhancement_card
from darkhar_cli.launch.final_model import refit
from darkhar_cli.launch.opened import DataSets, OpenedJob
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.report import terminal
from darkhar_cli.runs import fold_parts
from darkhar_cli.runs.identity import changed_since, code_of, refuse_other_code
from darkhar_cli.runs.row_labels import row_labels
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_record import DataRecord
from darkhar_cli.runs.run_tables import save_tables
from darkhar_cli.splits import shuffling
from darkhar_cli.splits.plan import Plan
from darkhar_cli.trackers.contract import NONE, flat
from darkhar_cli.training.data_report import describe, find_leaks, training_clips_facts


def train(job: OpenedJob, folder: Path, show: bool = True, control: bool = False) -> float:
    """Run one experiment into a folder, or find it finished; return its accuracy.

    That is of all validation clips where there are any, else of the test split. With `show`, its table is printed. A
    `control` stands beside a run that has told of the leaks already. With `cv.only` one fold is trained, and the run is
    finished when that was the last one that lacked; until then NaN is returned.

    Raises:
        DarkharError: the run cannot be done; the reason is also in error.txt.
    """
    run = Run(folder)
    run.refuse_other(job.identity)
    number = job.config["cv"].get("only")
    job = job.of_all_folds()
    if number is not None and not run.done and not _fold_alone(job, run, number):
        return math.nan
    if is_whole(run, job.config):
        _tell_done(run)
    else:
        with claims.held(folder / ".claim", f"run folder {folder}"):
            _make(job, run, control)
        if job.config["final"]:
            refit(run, job.config, job.clips)
    if show:
        terminal.show_run(run)
    return float(run.read("metrics/summary.csv")["accuracy"].iloc[0])


def is_whole(run: Run, config: Mapping[str, Any]) -> bool:
    """Whether a run is finished, with its report and the controls that are asked for."""
    drawn = (run.folder / "report.html").is_file()
    lacks_controls = config["controls"] and not len(run.controls())
    whole = run.done and drawn and not lacks_controls and not (config["final"] and not run.final())
    return whole and not run.mark.damaged()


def _tell_done(run: Run) -> None:
    since = changed_since(run)
    other = f"; the code is not what made it: {since}" if since else ""
    console.note(f"already done: {run.folder} (fresh=true runs it again{other})")


def _fold_alone(job: OpenedJob, run: Run, number: int) -> bool:
    """Train one fold in a part of the run's folder, unless that is done; return whether all folds are there now."""
    fold, part = job.plan.folds[number], fold_parts.part(run, number)
    if number in fold_parts.missing(run, job.plan):
        with claims.held(part.folder / ".claim", f"{fold.name} of {run.folder}"):
            if number in fold_parts.missing(run, job.plan):
                asides.remove_leftovers(part.folder, deep=True)
                part.claim(job.identity)
                _do(job, part, False, number)
    missing = fold_parts.missing(run, job.plan)
    if missing:
        left = ", ".join(f"cv.only={one}" for one in missing)
        console.note(f"{fold.name} is kept in {run.folder}; left to do: {left}, or the command without cv.only")
    return not missing


def _make(job: OpenedJob, run: Run, control: bool) -> None:
    """Do what a run still lacks, under its claim: another process may have finished it meanwhile."""
    asides.remove_leftovers(run.folder, deep=True)
    run.claim(job.identity)
    fold_parts.join(run, job.plan)
    if run.done and mend(run, row_labels(job.config, job.plan.name)):
        _tell_done(run)
        run.drop_folds()
        if not (run.folder / "report.html").is_file():
            draw_if_possible(run)
    else:
        _do(job, run, control)
    fold_parts.remove(run)
    if job.config["controls"] and not len(run.controls()):
        _controls(job, run)


def _do(job: OpenedJob, run: Run, control: bool, only: int | None = None) -> None:
    """Train and score a run, or only one fold in a part of it; what ends that early is kept in error.txt."""
    run.add_facts(overrides=list(job.overrides), labels=row_labels(job.config, job.plan.name))
    try:
        _work(job.config, job.clips, job.plan, run, job.overrides, tell=not control and only is None, only=only)
    except DarkharError as problem:
        run.fail(str(problem))
        raise
    except Exception as problem:
        run.fail(f"{type(problem).__name__}: {problem}")
        raise


def _controls(job: OpenedJob, run: Run) -> None:
    """Run the controls beside a finished run, each in a run folder of its own, and add their rows to its tables."""
    data = DataSets()
    for name in controls.NAMES:
        console.note(f"control {name.removeprefix('control_')}:")
        beside = run.folder / "controls" / name
        train(data.open(controls.control(name, job.config), job.overrides), beside, show=False, control=True)
    gather_controls(run)
    conclude(run)
    draw_if_possible(run)


def _work(
    config: Mapping[str, Any],
    clips: clip_dataset.Clips,
    plan: Plan,
    run: Run,
    overrides: Sequence[str],
    tell: bool,
    only: int | None = None,
) -> None:
    started = time.monotonic()
    scheme = plan.name if len(plan.folds) == 1 else f"{plan.name} with {len(plan.folds)} folds"
    run.log(f"{clips.name}: {len(clips.table)} clips, {len(clips.classes)} classes; cv {scheme}")
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli import device
        from darkhar_cli.training import cross_validation, distribution, from_config, planning, tracking, trainer

    if config["train"]["deterministic"]:
        device.make_deterministic()
    policy = device.policy_for(config["train"]["precision"], device.gpu_capability())
    with device.precision(policy), distribution.distributed(config["train"]["distribute"]) as devices:
        if devices:
            run.log(f"training on {devices}")
        # weights that do not fit leave nothing but error.txt
        experiment = from_config.experiment_of(config, clips.classes)
        execution = planning.plan_execution(experiment, clips.classes)
        for line in execution.lines(clips.table):
            run.log(line)
        ready = trainer.Trainer(experiment, clips, run.warn, execution)
        _drop_damaged(run, plan)
        code = code_of(config)
        refuse_other_code(run, plan, code)
        said = describe(config, clips, plan, run, overrides, tell)
        said += find_leaks(config, clips, plan, run, tell)
        _shuffle(config, clips, run)
        run.add_facts(
            **device.facts(policy),
            code=code,
            data=DataRecord(
                name=clips.name,
                fingerprint=clips.fingerprint,
                skipped=len(clips.skipped),
                damaged=len(clips.damaged),
                synthetic=clips.synthetic,
                classes=tuple(clips.classes),
            ).stored(),
            training_clips=training_clips_facts(clips.table),
            caveats=caveats.stored(said),
            seed=config["seed"],
            started=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        )
        if only is not None:
            cross_validation.run_folds(ready, replace(plan, folds=[plan.folds[only]]), run)
            return
        with tracking.tracked(_tracker(config, tell), run, _parameters(config, plan)) as told:
            cross_validation.run_folds(ready, plan, run, [told] if told else [])
            folds = [(fold.repeat, fold.index) for fold in plan.folds]
            save_tables(run, clips.classes, row_labels(config, plan.name), folds, len(clips.skipped))
            new = conclude(run)
            if told:
                told.finish()
                save_warnings(run)  # its own failure among them
    for caveat in new if tell else ():
        run.warn(caveat.text)
    if tell and (card := enhancement_card(config, clips)):
        run.add_facts(enhancement_card=card)
    run.add_facts(seconds=round(time.monotonic() - started, 2))
    run.finish()
    draw_if_possible(run)


def _drop_damaged(run: Run, plan: Plan) -> None:
    """Name finished folds whose files are not as they were written; they are trained again."""
    names = {(fold.repeat, fold.index): fold.name for fold in plan.folds}
    for fold, reason in run.drop_damaged_folds(list(names)):
        run.warn(f"{names[fold]}: {reason}: trained again")


def _tracker(config: Mapping[str, Any], tell: bool) -> Mapping[str, Any]:
    """Return the tracker's node; a control beside a run has none, nor has a run of an earlier version."""
    return config.get("tracker", NONE) if tell else NONE


def _parameters(config: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """Return what a tracker lists a run by: its labels, and every setting by its dotted key."""
    settings = {key: value for key, value in config.items() if key != "tracker"}
    return flat({**settings, "cv": plan.settings}) | row_labels(config, plan.name)


def _shuffle(config: Mapping[str, Any], clips: clip_dataset.Clips, run: Run) -> None:
    """Permute labels among whole groups where that is asked for: behind the folds, which stay the experiment's."""
    if config["train"]["shuffle_labels"] == "groups":
        labels = shuffling.labels_by_group(clips.table, config["seed"])
        run.log(shuffling.described(clips.table, labels))
        clips.table["label"] = labels
