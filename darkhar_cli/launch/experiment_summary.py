"""An experiment described before it runs: from its configuration, or from a run's folder; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.preparation import builder_of
from darkhar_cli.errors import BadRequest
from darkhar_cli.launch.jobs import default_folder
from darkhar_cli.launch.opened import DataSets
from darkhar_cli.names import several
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.paths import home
from darkhar_cli.runs.identity import identity
from darkhar_cli.runs.row_labels import row_labels
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Plan
from darkhar_cli.weights import lookup, store

if TYPE_CHECKING:
    from darkhar_cli.training.experiment import Experiment
    from darkhar_cli.training.summary import ExperimentSummary


@dataclass(frozen=True)
class DescribedJob:
    """A job before it runs.

    Attributes:
        labels: of its row in tables.
        data: what its clips are, in words.
        clips: how many; None: not known.
        prepared: whether they are prepared.
        folds: how they are divided, in words; empty where that is not known yet.
        folder: the run's.
        state: how far the run is, in words.
        summary: the model, and what it takes.
        notes: what else is to be known.
    """

    labels: Mapping[str, Any]
    data: str
    clips: int | None
    prepared: bool
    folds: str
    folder: str
    state: str
    summary: ExperimentSummary
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as plain values."""
        own = asdict(replace(self, summary=None))  # type: ignore[arg-type]  # its tree is put in as it says itself
        return {**own, "summary": None, **self.summary.facts(), "notes": list(self.notes)}


def describe_run(run: Run, config: Mapping[str, Any], classes: list[str], timed: bool) -> DescribedJob:
    """Describe a run from its folder; its data set's clips where they are still prepared on this machine."""
    facts = run.facts()
    clips = clip_dataset.at_hand(config["dataset"], run.record().data.fingerprint)
    if "mode" in facts:
        with quiet_start():
            from darkhar_cli.prediction.predictor import as_it_ran

        config = as_it_ran(config, facts)
    return _described(config, clips, classes, run, timed)


def describe_job(config: Mapping[str, Any], timed: bool, place: str | None = None) -> DescribedJob:
    """Describe the job that a configuration stands for.

    Args:
        config: whole and checked.
        timed: whether a clip is timed.
        place: the folder that was chosen for its run, if one was.

    Raises:
        BadRequest: the data set is not where or what it should be, parts that do not go together, or weights that
            nothing else can stand for are not here.
        FailedWork: the clip that is timed cannot be read.
    """
    dataset = config["dataset"]
    mark = clip_dataset.fingerprint(dataset)
    clips = clip_dataset.at_hand(dataset, mark)
    classes = clips.classes if clips else builder_of(dataset, data_dir=home()).classes()
    folder = Path(place).expanduser() if place else default_folder(config, identity(config, mark))
    return _described(config, clips, classes, Run(folder), timed)


def _described(
    config: Mapping[str, Any],
    clips: clip_dataset.Clips | None,
    classes: list[str],
    run: Run,
    timed: bool,
) -> DescribedJob:
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli import device
        from darkhar_cli.training import from_config, summary

    experiment = from_config.experiment_of(config, classes)
    experiment, notes = _with_weights_at_hand(experiment)
    plan = DataSets(lambda _: clips).open(config, ()).plan if clips else None
    on = clips or stand_in(classes)
    clip = None
    if timed:
        from darkhar_cli.training.stage_times import noise_clip

        clip = summary.middle_clip(clips) if clips else noise_clip()
    policy = device.policy_for(config["train"]["precision"], device.gpu_capability())
    with device.precision(policy):
        about = summary.summarise(experiment, on, plan, clip)
    if notes:
        about = replace(about, pending=None)
    count, words = _data(config, clips)
    folds = f"{plan.name}, {several(len(plan.folds), 'fold')}" if plan else ""
    labels = row_labels(config, plan.name if plan else config["cv"]["name"])
    return DescribedJob(
        labels, words, count, clips is not None, folds, str(run.folder), _state(run, plan), about, notes
    )


def _data(config: Mapping[str, Any], clips: clip_dataset.Clips | None) -> tuple[int | None, str]:
    """Return how many clips there are, and what they are in words."""
    if clips:
        return len(clips.table), f"{several(len(clips.table), 'clip')} of {len(clips.classes)} classes, prepared"
    try:
        count = sum(not source.problem for source in builder_of(config["dataset"], data_dir=home()).sources())
    except BadRequest as problem:  # of a run whose data set has gone
        return None, f"not at hand ({problem})"
    return count, f"not prepared; {several(count, 'clip')} would be"


def _state(run: Run, plan: Plan | None) -> str:
    if run.done:
        return "finished"
    done = sum(run.has_fold(fold.repeat, fold.index) for fold in plan.folds) if plan else 0
    return f"{done} of {len(plan.folds)} folds done" if plan and done else "not begun"


def stand_in(classes: list[str]) -> clip_dataset.Clips:
    """Return clips that stand for those that are not prepared: one of three seconds, 240 x 320."""
    from darkhar_cli.data.loose_clips import LooseClip, LooseClips

    clip = LooseClip("", "", 90, 30.0, 240, 320, lambda _: iter(()))
    return LooseClips("stand-in", [clip], classes)


def _with_weights_at_hand(experiment: Experiment) -> tuple[Experiment, tuple[str, ...]]:
    """Return an experiment that can be built without a download: random weights stand for those that are not here.

    Raises:
        BadRequest: a part whose weights nothing can stand for.
    """
    streams, notes = {}, []
    for name, parts in experiment.streams.items():
        extractor, parameters = parts.extractor
        needed = lookup.of_extractor({"name": extractor, **parameters})
        if needed and not store.present(needed):
            how = f"`darkhar fetch {needed.word}` downloads them"
            if parameters["weights"] != "imagenet":
                raise BadRequest(f"extractor {extractor!r} needs the weights of {needed.title}, not here yet; {how}")
            notes.append(f"the weights of {needed.title} are not here yet ({how}); random ones stand for them")
            parts = replace(parts, extractor=(extractor, {**parameters, "weights": "none"}))
        streams[name] = parts
    return replace(experiment, streams=streams), tuple(dict.fromkeys(notes))
