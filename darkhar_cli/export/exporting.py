"""Exports a run's models: assembled, written aside, checked against the run, described by a card, then renamed."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkhar_cli import __version__, console
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.loose_clips import LooseClip
from darkhar_cli.errors import BadRequest, DarkharError
from darkhar_cli.evaluation.stored_run import settings_of
from darkhar_cli.export import checking, reference
from darkhar_cli.export.assembling import Assembled, assemble
from darkhar_cli.export.card import CARD, write_card
from darkhar_cli.export.contract import Format, failed
from darkhar_cli.export.formats import format_of
from darkhar_cli.files import asides, disk
from darkhar_cli.files.tables import write_text
from darkhar_cli.prediction.predictor import Predictor
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.training.stream import Stream

_CHECKED, _SCORED = 12, 200  # clips: for the same predictions, and for what int8 costs
_EXAMPLES = 32  # clips whose ranges int8 is fitted to


@dataclass(frozen=True)
class Wanted:
    """What is to be exported.

    Attributes:
        format: its name.
        int8: whether weights are to be int8.
        size: (height, width) of frames where shapes are fixed; None: as most of the run's clips.
        folds: as the predictor takes it.
        calibrated: divide logits by the temperature that fits the run's validation scores.
        output: folder; None: in the run's.
        overwrite: replace it where it is there.
        clips: how many to check on; None: a usual number.
    """

    format: str
    int8: bool = False
    size: tuple[int, int] | None = None
    folds: str = "auto"
    calibrated: bool = False
    output: Path | None = None
    overwrite: bool = False
    clips: int | None = None

    def place(self, run: Run) -> Path:
        """Return the folder to be written."""
        return self.output or run.folder / "exports" / f"{self.format}{'-int8' if self.int8 else ''}"


def export(run: Run, wanted: Wanted) -> Path:
    """Export a run's models and return the folder.

    Raises:
        BadRequest: no such format, what it cannot do, a folder that is there, data that are not.
        FailedWork: a converter fails, or the model does not give the run's predictions; nothing is left then.
    """
    kind, place = format_of(wanted.format, wanted.int8), wanted.place(run)
    if place.exists() and not wanted.overwrite:
        raise BadRequest(f"{place} is there already; give overwrite=true, or another output=DIR")
    if place.exists() and not place.is_dir():
        raise BadRequest(f"{place} is a file; give output=DIR")
    clips = _clips(run, wanted)
    predictor = Predictor(run, folds=wanted.folds, calibrated=wanted.calibrated)
    asides.remove_leftovers(place.parent)
    aside, old = asides.beside(place), asides.beside(place)
    try:
        with disk.writing(place):
            aside.mkdir(parents=True)
            _fill(run, predictor, wanted, kind, clips, aside)
            if place.exists():
                os.replace(place, old)
            os.replace(aside, place)
    finally:
        asides.remove(aside)
        asides.remove(old)
    console.note(str(place))
    return place


def _clips(run: Run, wanted: Wanted) -> list[tuple[LooseClip, str]]:
    most = wanted.clips or (_SCORED if wanted.int8 else _CHECKED)
    try:
        data = clip_dataset.open_clips(settings_of(run)["dataset"])
    except DarkharError as problem:
        raise BadRequest(f"an export is checked on the run's clips, which cannot be read: {problem}") from problem
    return checking.clips_to_check(run, data, most)


def _fill(
    run: Run, predictor: Predictor, wanted: Wanted, kind: Format, clips: list[tuple[LooseClip, str]], aside: Path
) -> None:
    size = wanted.size or Counter((clip.height, clip.width) for clip, _ in clips).most_common(1)[0][0]
    made = assemble(predictor, kind.fixed, size)
    if made.why:
        what = "a bundle of features and a model on them" if made.takes == "features" else f"a model of {made.takes}"
        console.note(f"{what}: {made.why}; {reference_name()} does the rest")
    if made.takes != "features" and kind.fixed:
        fitting = checking.of_one_size(clips, size)
        if not fitting:
            raise BadRequest(f"size={size[0]}x{size[1]}: no clip of the run has frames of this size to check it on")
        if len(fitting) < len(clips):
            console.warn(f"{len(clips) - len(fitting)} of {len(clips)} clips have frames of other sizes than {size}")
        clips = fitting
    _describe(run, predictor, made, wanted, kind, aside)
    _write(made, wanted, kind, clips, aside)
    expected = predictor.of([clip for clip, _ in clips])
    files = [path for path in aside.iterdir() if path.name.startswith(kind.file.split(".")[0])]
    checked = checking.check(aside, clips, expected, files, same=not wanted.int8)
    _report(run, predictor, made, wanted, kind, checked, aside)


def reference_name() -> str:
    """Return the file of the reference code in an export."""
    return "predict.py"


def _write(made: Assembled, wanted: Wanted, kind: Format, clips: Sequence[tuple[LooseClip, str]], aside: Path) -> None:
    path = aside / kind.file
    try:
        if wanted.int8 and kind.quantize:
            pipeline = reference.Pipeline(aside)
            examples = [pipeline.inputs(clip) for clip, _ in clips[:: max(1, len(clips) // _EXAMPLES)][:_EXAMPLES]]
            kind.quantize(made.model, made.inputs, path, examples)
        else:
            kind.write(made.model, made.inputs, path)
    except DarkharError:
        raise
    except Exception as problem:  # each converter has its own
        raise failed(kind.name, problem) from problem


def _describe(run: Run, predictor: Predictor, made: Assembled, wanted: Wanted, kind: Format, aside: Path) -> None:
    """Write pipeline.json, what it names, and the reference code."""
    trainer = predictor.trainer
    streams = [_stream(stream, number, made, aside) for number, stream in enumerate(trainer.streams)]
    about = {
        "made_by": f"darkhar {__version__}",
        "format": kind.name,
        "file": kind.file,
        "int8": wanted.int8,
        "takes": made.takes,
        "inputs": [{"name": one.name, "shape": list(one.shape), "dtype": one.dtype} for one in made.inputs],
        "gives": "probabilities (clips, classes) float32",
        "classes": predictor.classes,
        "models": "final" if predictor.folds == "final" else f"{len(predictor.fold_names)} folds, averaged",
        "temperature": predictor.temperature,
        "seed": trainer.seed,
        "streams": streams,
        "branches": [[trainer.streams.index(stream) for stream in branch.streams] for branch in trainer.branches],
    }
    write_text(aside / "pipeline.json", json.dumps(about, indent=2) + "\n")
    shutil.copyfile(reference.__file__, aside / reference_name())


def _stream(stream: Stream, number: int, made: Assembled, aside: Path) -> dict[str, Any]:
    """Return a stream's entry of pipeline.json; weights that the reference code needs are put beside it."""
    name, parameters = stream.parts.extractor
    entry: dict[str, Any] = {
        "sampler": [stream.parts.sampler[0], dict(stream.parts.sampler[1])],
        "enhance": [[one, dict(values)] for one, values in stream.parts.enhance],
        "extractor": [name, _portable(parameters)],
        "channels": list(stream.extractor.channels),
        "rate": stream.timeline.fps,
    }
    if made.takes != "features":
        return entry
    if stream.extractor.model is not None:
        entry["weights"] = f"extractor_{number}.weights.h5"
        entry["extractor"][1]["weights"] = "none"
        stream.extractor.model.save_weights(str(aside / entry["weights"]))
    elif "weights" in parameters:
        entry["files"] = {"weights": _kept_movenet(str(parameters["weights"]), aside)}
    return entry


def _portable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without the paths of this machine."""
    return {
        key: Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
        for key, value in parameters.items()
    }


def _kept_movenet(weights: str, aside: Path) -> str:
    """Put the file or folder of a keypoint network beside the model and return its name."""
    from darkhar_cli.extractors.person.keypoints import find_movenet

    source = find_movenet() if weights == "auto" else Path(weights).expanduser()
    target = aside / "weights" / source.name
    target.parent.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
    return str(target.relative_to(aside))


def _report(
    run: Run,
    predictor: Predictor,
    made: Assembled,
    wanted: Wanted,
    kind: Format,
    checked: checking.Checked,
    aside: Path,
) -> None:
    """Print what came of the check, and write the card."""
    seen = f"on {checked.clips} of the run's clips"
    lines = [
        f"{kind.file}: {checked.words()}",
        f"largest difference from the run's predictions {checked.difference:.1e}, {seen}",
    ]
    if wanted.int8:
        lines.append(
            f"int8: {100 * checked.after:.1f} % of {checked.clips} validation clips right, "
            f"{100 * checked.before:.1f} % before (models have seen most of these clips: compare these two alone)"
        )
    for line in lines:
        console.note(line)
    how = [
        f"`{kind.file}` takes {made.takes} and gives probabilities of the classes below, in this order"
        + (f" ({made.why})." if made.why else "."),
        "",
        "`pipeline.json` says what each input is; with darkhar installed, `python -m predict clip.mp4` in this folder "
        "predicts a video.",
        "",
        *(f"- {line}" for line in lines),
    ]
    write_card(run, aside / CARD, how, [kind.name, *(["int8"] if wanted.int8 else [])])
