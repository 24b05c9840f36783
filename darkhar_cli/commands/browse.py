"""`darkhar browse`: a contact sheet of a data set by class, each clip as recorded beside enhanced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest

if TYPE_CHECKING:
    from darkhar_cli.launch.pictures import Asked
    from darkhar_cli.report.clips_shown import ClipShown

_OTHERWISE = {"enhance": "enhance=gamma"}  # without one, dark clips beside themselves are black beside black
_CLIPS = "6"  # of each class
_EVERY = 1 << 30
_LUMA_FRAMES = 16
_WIDTH = 208  # pixels of a picture


def run(words: Sequence[str]) -> None:
    """Write the contact sheet of the clips that the words name.

    Raises:
        BadRequest: unknown words, or a data set that is not where or what it should be.
        FailedWork: clips cannot be read, or the sheet cannot be written.
    """
    from darkhar_cli import console
    from darkhar_cli.launch import pictures
    from darkhar_cli.native_stderr import quiet_start

    own, rest = pictures.own_settings(pictures.joined(words), ("to", "clips"))
    files, rest = pictures.videos_among(rest)
    _refuse_unknown(rest)
    most = pictures.number("clips", own.get("clips", _CLIPS), _EVERY)
    asked = pictures.read(rest, _OTHERWISE)
    title = "own clips" if files else str(asked.config["dataset"]["name"])
    place = Path(own.get("to", f"outputs/browse/{title.replace(' ', '_')}-{asked.mark}.html")).expanduser()
    if place.suffix not in (".html", ".png") or place.is_dir():
        raise BadRequest(f"to={place}: give a file that ends in .html or .png")
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli.report import clips_shown
    if files:
        classes, counts = {"": [clips_shown.of_file(file) for file in files]}, {"": len(files)}
    else:
        clips = pictures.open_clips(asked)
        title += " (synthetic clips)" * clips.synthetic
        rows = clips_shown.by_class(clips, most)
        classes = {label: clips_shown.of_data_set(clips, some) for label, some in rows.items()}
        counts = {label: len(some) for label, some in clips_shown.by_class(clips, None).items()}
    _write(place, title, asked, classes, counts)
    console.out.print(str(place), soft_wrap=True)


def _refuse_unknown(words: Sequence[str]) -> None:
    for word in words:
        if not VERB.knows(word):
            raise VERB.refusal(word)


def _write(
    place: Path, title: str, asked: Asked, classes: Mapping[str, Sequence[ClipShown]], counts: Mapping[str, int]
) -> None:
    from darkhar_cli import console
    from darkhar_cli.features.prefetch import in_threads
    from darkhar_cli.files.asides import write_aside
    from darkhar_cli.files.tables import write_text
    from darkhar_cli.report.clips_shown import Enhancer
    from darkhar_cli.report.figures import contact_sheet, style

    chains = [(name, Enhancer(chain)) for name, chain in asked.pictures_of()]
    made: dict[str, list[contact_sheet.ClipPictures]] = {}
    with console.progress(f"browse {title}", sum(map(len, classes.values()))) as progress:
        for label, clips in classes.items():
            made[label] = []
            for found in in_threads(lambda clip: _pictures(clip, chains), clips):
                made[label].append(found)
                progress.advance()
    about = (
        f"The middle frame of each clip: {', '.join(name for name, _ in chains)}. Luma is the mean of a clip, 0 to 255."
    )
    if place.suffix == ".html":
        write_text(place, contact_sheet.html(title, about, made, counts))
        return
    picture = style.png(contact_sheet.draw(title, about, made, counts), dpi=110)
    write_aside(place, lambda aside: aside.write_bytes(picture))


def _pictures(clip: ClipShown, chains: Sequence[tuple]) -> object:
    """Return a clip's middle frame after each chain, and its brightness over evenly spaced frames."""
    import numpy as np

    from darkhar_cli.report import clips_shown
    from darkhar_cli.report.figures.contact_sheet import ClipPictures

    middle = clip.n_frames // 2
    spread = np.linspace(0, clip.n_frames - 1, min(_LUMA_FRAMES, clip.n_frames)).round().astype(int)
    positions = np.union1d(spread, [middle])
    frames = clip.frames(positions)
    luma = float(clips_shown.luma_of(frames[np.isin(positions, spread)]).mean())
    at = int(np.searchsorted(positions, middle))
    shown = []
    for name, enhance in chains:
        some, place = (frames, at) if enhance.scope == "clip" else (frames[at : at + 1], 0)
        shown.append((name, clips_shown.resized(enhance.levels(some)[place], _WIDTH)))
    return ClipPictures(clip.id, clip.group, luma, clip.n_frames, clip.fps, middle, shown)


VERB = Verb(
    name="browse",
    summary="write a contact sheet of a data set by class, dark beside enhanced",
    place=22,
    takes="clips' files, dataset=, enhance= and their settings, clips=N and to=FILE",
    keys=("dataset", "dataset.", "enhance", "enhance.", "experiment", "clips", "to", "plugins", "--config-dir"),
    examples=(
        ("browse", "the embedded data set, each clip beside gamma correction"),
        ("browse dataset=video_folder dataset.root=DIR", "your own clips"),
        ("browse dataset=video_folder dataset.root=DIR enhance=histeq,gamma", "two enhancements beside each other"),
        ("browse CLIP.mp4 CLIP2.mp4 enhance=[denoise,gamma]", "files, through a chain"),
        ("browse ... clips=all to=sheet.png", "every clip, as a picture"),
    ),
    run=run,
    notes="""
  clips=N    of each class, spread over its groups (default 6; all)
  to=FILE    where the sheet goes: .html, one file that fetches nothing, or .png (default: outputs/browse/*.html)

An id, a group where it is known, the clip's mean luma and its length stand below its pictures. Enhancements are applied
as in training; several by comma stand beside each other, and `[a,b]` is a chain. Of clips in two lights, the dark ones.
""",
)
