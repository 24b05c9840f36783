"""`darkhar summary`: an experiment before it runs, or a run's: the model, memory, time, and what would be computed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, unknown

if TYPE_CHECKING:
    from darkhar_cli.launch.experiment_summary import DescribedJob

_GROUPS = ("dataset", "sampler", "enhance", "extractor", "classifier", "augment", "cv", "train", "runtime")
_OWN = {"format": ("table", "json"), "layers": ("weights", "all"), "measure": ("true", "false")}  # default first


def run(words: Sequence[str]) -> None:
    """Print what the words' experiment, or a run folder's, is and would take; nothing is written.

    Raises:
        BadRequest: a word, name or value that is not valid, no run, or weights that nothing else can stand for.
        FailedWork: the clip that is timed cannot be read.
    """
    own, rest = _own(words)
    folders = [word for word in rest if "=" not in word and not word.startswith("-") and Path(word).is_dir()]
    if folders and folders[0] in _behind_options(rest):
        folders = []
    described = _of_run(folders, rest, own) if folders else _of_words(rest, own)
    if own["format"] == "json":
        print(json.dumps(described.facts(), indent=2, ensure_ascii=False))
    else:
        _show(described, own["layers"] == "all")


def _own(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return this verb's own settings, and the other words."""
    own, rest = {key: values[0] for key, values in _OWN.items()}, []
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or key not in _OWN:
            rest.append(word)
        elif value not in _OWN[key]:
            raise unknown(key, value, _OWN[key])
        else:
            own[key] = value
    return own, rest


def _behind_options(words: Sequence[str]) -> list[str]:
    """Return the words that are an option's value: `--config-dir DIR`."""
    return [after for word, after in pairwise(words) if word.startswith("-") and "=" not in word]


def _of_run(folders: Sequence[str], words: Sequence[str], own: dict[str, str]) -> DescribedJob:
    from darkhar_cli.config import own_parts
    from darkhar_cli.evaluation import stored_run
    from darkhar_cli.launch.experiment_summary import describe_run
    from darkhar_cli.prediction.own_code import refuse_lost_parts
    from darkhar_cli.runs.run_folder import Run

    others = [word for word in own_parts.settled(words) if word not in folders]
    if others or len(folders) > 1:
        extra = (others or folders[1:])[0]
        raise BadRequest(f"summary takes one run folder, or the words of `darkhar train`, not both: {extra}")
    run = Run(Path(folders[0]))
    if not (run.folder / "config.yaml").is_file():
        run = stored_run.finished_run(run.folder)  # which says what the folder is instead
    config = stored_run.settings_of(run)
    refuse_lost_parts(run)
    return describe_run(run, config, stored_run.classes_of(run), own["measure"] == "true")


def _of_words(words: Sequence[str], own: dict[str, str]) -> DescribedJob:
    from darkhar_cli.config import own_parts, sweep_words
    from darkhar_cli.launch import app

    folder, rest = own_parts.folder_taken_from(words)
    if options := [word for word in rest if word.startswith("-")]:
        raise BadRequest(
            f"summary does not know {options[0]}; it takes the choices and settings of one `darkhar train`, without "
            "its options (a sweep's jobs one by one)"
        )
    config = app.configuration(rest, folder)
    from darkhar_cli.launch.experiment_summary import describe_job

    return describe_job(config, own["measure"] == "true", sweep_words.given(rest, "hydra.run.dir"))


def _show(described: DescribedJob, every_layer: bool) -> None:
    from darkhar_cli import console
    from darkhar_cli.report.model_tree import show_summary

    show_summary(described.labels, described.summary, every_layer)
    folds = f"; {described.folds}" if described.folds else ""
    console.say(f"data: {described.data}{folds}")
    console.say(f"run: {described.folder}, {described.state}")
    for text in described.notes:
        console.warn(text)


VERB = Verb(
    name="summary",
    summary="describe an experiment before it runs: model, memory, time, what would be computed",
    place=12,
    takes="the choices and settings of train, plugins=, or a run folder, and format=, layers= and measure=",
    keys=(*_OWN, *(f"{group}{end}" for group in _GROUPS for end in ("", ".")), "experiment", "plugins"),
    examples=(
        ("summary", "the default experiment"),
        ("summary extractor=mobilenet classifier=lstm enhance=gamma", "any composition, with the words of train"),
        ("summary outputs/train/NAME", "the model of a run"),
        ("summary experiment=pose_flow_late_fusion measure=false", "without timing a clip"),
        ("summary extractor=convnext_tiny layers=all format=json", "every layer, for a program"),
    ),
    run=run,
    notes="""
Nothing is written, prepared, downloaded or trained. Of data that are not prepared a clip of three seconds and 240 x 320
pixels stands for theirs. Operations are those of layers with weights, a multiplication and an addition as two.

  format=table|json        layers=weights|all   layers that have weights, or all
  measure=true|false       time a clip of the data on this machine, stage by stage
""",
)
