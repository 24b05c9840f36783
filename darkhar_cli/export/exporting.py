"""Exports a run's models: assembled, written aside, checked against the run, described by a card, then renamed."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli import console
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.loose_clips import LooseClip
from darkhar_cli.errors import BadRequest, DarkharError
from darkhar_cli.evaluation.stored_run import settings_of
from darkhar_cli.export import checking, reference, refusals
from darkhar_cli.export.assembling import Assembled, assemble
from darkhar_cli.export.card import CARD, write_card
from darkhar_cli.export.contract import Format
from darkhar_cli.export.description import REFERENCE, describe, models_in_words
from darkhar_cli.export.formats import format_of
from darkhar_cli.files import asides, disk
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.prediction.predictor import Predictor
from darkhar_cli.runs.run_folder import Run

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
    new = not place.parent.exists()
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
        if new and place.parent.is_dir() and not any(place.parent.iterdir()):
            place.parent.rmdir()
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
        console.note(f"{what}: {made.why}; {REFERENCE} does the rest")
    if made.takes != "features" and kind.fixed:
        fitting = checking.of_one_size(clips, size)
        if not fitting:
            raise BadRequest(f"size={size[0]}x{size[1]}: no clip of the run has frames of this size to check it on")
        if len(fitting) < len(clips):
            console.warn(f"{len(clips) - len(fitting)} of {len(clips)} clips have frames of other sizes than {size}")
        clips = fitting
    describe(predictor, made, kind, wanted.int8, aside)
    _write(predictor, made, wanted, kind, clips, aside)
    expected = predictor.of([clip for clip, _ in clips])
    files = [path for path in aside.iterdir() if path.name.startswith(kind.file.split(".")[0])]
    checked = checking.check(aside, clips, expected, files, same=not wanted.int8)
    _report(run, predictor, made, wanted, kind, checked, aside)


def _write(
    predictor: Predictor,
    made: Assembled,
    wanted: Wanted,
    kind: Format,
    clips: Sequence[tuple[LooseClip, str]],
    aside: Path,
) -> None:
    path = aside / kind.file
    try:
        with quiet_start(), console.libraries_silenced():  # converters tell much that is not for a user
            if wanted.int8 and kind.quantize:
                pipeline = reference.Pipeline(aside)
                examples = [pipeline.inputs(clip) for clip, _ in clips[:: max(1, len(clips) // _EXAMPLES)][:_EXAMPLES]]
                kind.quantize(made.model, made.inputs, path, examples)
            else:
                kind.write(made.model, made.inputs, path)
    except DarkharError:
        raise
    except Exception as problem:  # each converter has its own
        raise refusals.failed(kind, problem, refusals.parts_of(predictor.trainer, made)) from problem


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
        f"`{kind.file}` ({kind.summary}; {_of(predictor)}) takes {made.takes} and gives probabilities of the classes "
        "below, in this order" + (f" ({made.why})." if made.why else "."),
        "",
        f"`pipeline.json` says what each input is. With darkhar installed, "
        f"`python -m {Path(REFERENCE).stem} clip.mp4` in this folder predicts a video.",
        *(["", "Without darkhar:", "", f"```python\n{kind.usage}```"] if kind.usage and made.takes == "clips" else []),
        "",
        *(f"- {line}" for line in lines),
    ]
    write_card(run, aside / CARD, how, [kind.name, *(["int8"] if wanted.int8 else [])])


def _of(predictor: Predictor) -> str:
    """Return for a reader of the card which models these are."""
    models = models_in_words(predictor)
    return "the final model, trained on all training clips" if models == "final" else f"the models of {models}"
