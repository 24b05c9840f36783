"""What a run says of its data and folds before anything is trained."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.config.settings import TrainSettings
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.dataset_builder import TRAIN
from darkhar_cli.data.frame_times import irregular
from darkhar_cli.features import feature_cache
from darkhar_cli.names import several
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits import leakage
from darkhar_cli.splits.group_patterns import proposal
from darkhar_cli.splits.plan import Plan, assignment

_UNGROUPED = (
    "no groups are known and folds are by clip, so clips of one recording may stand on both sides and make the score "
    "too good"
)
_NAME_THEM = "name the recordings where you can (video_folder: dataset.group=REGEX)"
_RARER = (
    "leave_one_group_out: the class of the group that is held out is rarer in training, so that what has learnt "
    "nothing scores below 1 / classes (chance here is guessing by the training clips' frequencies)"
)
_SHUFFLED = {
    "groups": "labels are shuffled among whole groups, scored clips too",
    "clips": "training labels are shuffled",
}


def describe(
    config: Mapping[str, Any], clips: Clips, plan: Plan, run: Run, overrides: Sequence[str], tell: bool
) -> list[Caveat]:
    """Write what is going to be done, tell what is to be known of data and folds, and return the caveats."""
    run.save_config({**config, "cv": plan.settings}, overrides)
    run.save("assignment.csv", assignment(plan, clips.table))
    for note in plan.notes:
        run.log(f"cv={plan.name}: {note}")
    if len(clips.skipped):
        run.save("skipped.csv", clips.skipped)
        run.log(f"{several(len(clips.skipped), 'broken clip', verb=True)} left out; see skipped.csv")
    if len(clips.damaged):
        corrupt = int(clips.damaged["corrupt"].sum())
        kept = f"{several(len(clips.damaged), 'damaged clip', verb=True)} kept"
        run.log(f"{kept}; {several(corrupt, 'corrupt frame')} in all")
    if len(clips.excluded):
        run.save("left_out.csv", clips.excluded)
        run.log(clips.excluded_in_words())
    caveats = _beforehand(config, clips, plan)
    for caveat in caveats if tell else ():
        run.warn(f"{caveat.text}; {_NAME_THEM}" if caveat.kind == Kind.UNGROUPED else caveat.text)
    for line in proposal(config["dataset"], clips.table) if tell else ():
        run.log(line)
    return caveats


def _beforehand(config: Mapping[str, Any], clips: Clips, plan: Plan) -> list[Caveat]:
    """Return what must be known wherever the run's numbers appear, whatever they will be."""
    train, caveats = TrainSettings.from_config(config["train"]), []
    if plan.carried:
        caveats.append(Caveat(Kind.CARRIED, "one model is carried from fold to fold"))
    if plan.watches_scored and train.early_stopping:
        caveats.append(Caveat(Kind.WATCHED, "early stopping looks at the scored clips"))
    if train.shuffle_labels in _SHUFFLED:
        caveats.append(Caveat(Kind.SHUFFLED, _SHUFFLED[train.shuffle_labels]))
    if not clips.table["group"].any() and any(fold.validation for fold in plan.folds):
        caveats.append(Caveat(Kind.UNGROUPED, _UNGROUPED, "validation"))
    if plan.name == "leave_one_group_out":
        caveats.append(Caveat(Kind.SCHEME, _RARER, "validation"))
    return caveats


def find_leaks(config: Mapping[str, Any], clips: Clips, plan: Plan, run: Run, tell: bool) -> list[Caveat]:
    """Look at all clips, note each one's brightness and scene, and return what the folds have on both sides."""
    from darkhar_cli.data.background_similarity import scene_names
    from darkhar_cli.features.appearance import look_at

    looks = look_at(clips, feature_cache.root(config["cache_dir"]), run.warn)
    clips.table["luma"] = looks.luma
    clips.table["scene"] = scene_names(looks.backgrounds, clips.table["digest"])
    leaks = leakage.find(plan, clips.table, looks.backgrounds)
    run.save("leaks.csv", leakage.listed(leaks, clips.table))
    for line in leakage.report_lines(leaks, plan, clips.table) if tell else ():
        run.log(line)
    return leakage.caveats_of(leaks, plan, clips.table)


def training_clips_facts(table: pd.DataFrame) -> dict[str, Any]:
    """Return what run.json keeps of the training clips, for whoever shows the models other videos.

    Returns:
        luma: least, median and most mean luma, 0..255; fps, seconds: likewise; rates: the frame rates of all clips, at
        most two of them, and irregular: whether any has irregular frame times, as streams were told of them.
    """
    train = table[table["split"] == TRAIN]
    spans = {
        "luma": train["luma"],
        "fps": train["fps"],
        "seconds": train["n_frames"] / train["fps"].where(lambda r: r > 0),
    }
    facts: dict[str, Any] = {
        name: [round(float(values.quantile(share)), 3) for share in (0, 0.5, 1)] for name, values in spans.items()
    }
    rates = sorted({round(float(fps), 3) for fps in table["fps"]})
    return {"n": len(train), **facts, "rates": rates[:2], "irregular": bool(irregular(table).any())}
