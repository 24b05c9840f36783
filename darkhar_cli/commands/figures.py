"""`darkhar figures`: the figures of a paper, from any clips and configuration, or from a finished run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from darkhar_cli.launch.figures_of_clips import FiguresOfClips
    from darkhar_cli.launch.pictures import Asked

_OF_CLIPS = ("samplers", "enhancement", "card", "person", "class_counts", "model")
_OF_RUNS = ("history", "confusion", "brightness", "reliability", "class_counts")
_KEYS = ("to", "clip", "clips", "only")


def run(words: Sequence[str]) -> None:
    """Write the figures that the words ask for, as SVG and PNG, and print the enhancement card.

    Raises:
        BadRequest: unknown words, no run, or a data set that is not where or what it should be.
        FailedWork: clips cannot be read, or the figures cannot be written.
    """
    from darkhar_cli.launch import pictures

    own, rest = pictures.own_settings(pictures.joined(words), _KEYS)
    folders = [Path(word).expanduser() for word in rest if Path(word).expanduser().is_dir()]
    rest = [word for word in rest if not Path(word).expanduser().is_dir()]
    if folders:
        if rest:
            raise BadRequest(f"figures takes run folders or a configuration, not both: {rest[0]}")
        if len(folders) > 1 and "to" in own:
            raise BadRequest("to= is the place of one run's figures; leave it out: each run has a folder `figures`")
        for folder in folders:
            _of_run(folder, own)
        return
    files, rest = pictures.videos_among(rest)
    for word in rest:
        if not VERB.knows(word):
            raise VERB.refusal(word)
    only = _chosen(own, _OF_CLIPS)
    _of_clips(pictures.read(rest, _otherwise()), own, only, files)


def _otherwise() -> dict[str, str]:
    """Return what is drawn of groups that nothing is typed of: every sampler, and the paper's enhancements."""
    from darkhar_cli.config import schema

    return {"sampler": f"sampler={','.join(schema.options('sampler'))}", "enhance": "enhance=gamma,histeq"}


def _chosen(own: dict[str, str], known: Sequence[str]) -> list[str]:
    """Return the figures that `only=` names, or all."""
    names = own["only"].strip("[]").split(",") if "only" in own else list(known)
    for name in names:
        if name not in known:
            raise unknown("figure in only=", name, known)
    return names


def _place(own: dict[str, str], otherwise: Path) -> Path:
    place = Path(own["to"]).expanduser() if "to" in own else otherwise
    if place.exists() and not place.is_dir():
        raise BadRequest(f"to={place} is a file; give a folder")
    return place


def _of_clips(asked: Asked, own: dict[str, str], only: Sequence[str], files: Sequence[Path]) -> None:
    """Draw what needs clips or a configuration alone."""
    from darkhar_cli.launch import pictures
    from darkhar_cli.native_stderr import quiet_start

    count = pictures.number("clips", own.get("clips", "2"))
    names = own["clip"].split(",") if "clip" in own else []
    title = "own_clips" if files else str(asked.config["dataset"]["name"])
    place = _place(own, Path("outputs", "figures", f"{title}-{asked.mark}"))
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli.launch.figures_of_clips import FiguresOfClips
    _write(FiguresOfClips.opened(asked, files, names, count), only, place)


def _write(made: FiguresOfClips, only: Sequence[str], place: Path) -> None:
    from darkhar_cli import console

    drawn = made.draw(only)
    if "card" in only:
        made.show_card(place)
    _save(drawn, place)
    console.out.print(str(place), soft_wrap=True)


def _of_run(folder: Path, own: dict[str, str]) -> None:
    """Draw a finished run's tables and model, and of its clips where they are prepared."""
    from darkhar_cli import console
    from darkhar_cli.evaluation.stored_run import classes_of, finished_run, settings_of
    from darkhar_cli.launch import pictures
    from darkhar_cli.native_stderr import quiet_start

    with quiet_start():
        from darkhar_cli.report.figures import from_run, model_diagram
    run = finished_run(folder)
    only = _chosen(own, [*dict.fromkeys((*_OF_RUNS, *_OF_CLIPS))])
    drawn = {name: one for name, one in from_run.run_figures(run).items() if name.startswith(tuple(only))}
    config = settings_of(run)
    if "model" in only:
        drawn["model"] = model_diagram.draw(config, len(classes_of(run)))
    place = _place(own, folder / "figures")
    _save(drawn, place)
    of_clips = [name for name in only if name in ("samplers", "enhancement", "card", "person")]
    if of_clips and pictures.is_prepared(config["dataset"]):
        asked = pictures.of_configuration(config)
        with quiet_start():
            from darkhar_cli.launch.figures_of_clips import FiguresOfClips
        count, names = pictures.number("clips", own.get("clips", "2")), own.get("clip", "").split(",")
        _write(FiguresOfClips.opened(asked, [], [name for name in names if name], count), of_clips, place)
        return
    if of_clips:
        console.note(f"{folder}: its clips are not prepared here, so that none is drawn")
    console.out.print(str(place), soft_wrap=True)


def _save(drawn: dict[str, Figure], place: Path) -> None:
    from darkhar_cli.files.asides import write_aside
    from darkhar_cli.files.tables import write_text
    from darkhar_cli.report.figures import style

    for name, figure in drawn.items():
        write_text(place / f"{name}.svg", style.svg(figure))
        write_aside(place / f"{name}.png", partial(Path.write_bytes, data=style.png(figure)))


VERB = Verb(
    name="figures",
    summary="draw what samplers pick, what enhancements do, a model, or a run's results",
    place=33,
    takes="run folders, or clips' files and choices as train, clip=ID, clips=N, only=NAME and to=DIR",
    keys=(
        *("dataset", "dataset.", "sampler", "sampler.", "enhance", "enhance.", "extractor", "extractor."),
        *("classifier", "classifier.", "experiment", "streams.", "fusion", "seed", "plugins", "--config-dir", *_KEYS),
    ),
    examples=(
        ("figures", "every sampler and gamma, histeq on two clips of the embedded data set"),
        ("figures enhance=histeq,gamma,[denoise,gamma]", "enhancements side by side, with their card"),
        ("figures enhance=gamma enhance.gamma.gamma=0.3,0.5", "one enhancement with two parameters"),
        ("figures CLIP.mp4 enhance=clahe only=enhancement,card", "a file of yours"),
        ("figures RUN", "a finished run: history, confusion, brightness, reliability, and its clips"),
    ),
    run=run,
    notes=f"""
  only=NAME,... of {", ".join(dict.fromkeys((*_OF_CLIPS, *_OF_RUNS)))}
  clip=ID,...     of which clips (the end of an id is enough); clips=N: so many, of each class in turn (default 2)
  to=DIR          where they go (default: outputs/figures/<data set>-<hash of the words>; RUN/figures)

Each figure is an SVG, which follows a light or dark page, and a PNG. Enhancements and samplers are those of training,
in scoring. The card (enhancement_card.csv): milliseconds a frame, and luma, saturated pixels, flicker and MoveNet's
keypoint confidence before and after. Pose and flow are drawn where MoveNet's weights are on this machine.
""",
)
