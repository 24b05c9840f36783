"""`darkhar predict RUN video…`: a finished run's models on videos of any length, from anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, unknown

if TYPE_CHECKING:
    from darkhar_cli.prediction.predicting import Report
    from darkhar_cli.prediction.rows import RowFormat
    from darkhar_cli.prediction.sources import VideoSource
    from darkhar_cli.prediction.windowing import Windowing
    from darkhar_cli.runs.run_folder import Run


_MOST_CHANGES = 3  # of the code since the run that are named


@dataclass(frozen=True)
class Asked:
    """What was typed, checked: `words` by key."""

    folder: Path
    sources: list[VideoSource]
    windowing: Windowing
    words: Mapping[str, str]
    format: str

    def path(self, key: str) -> Path | None:
        """Return a path that was given."""
        return Path(self.words[key]).expanduser().absolute() if key in self.words else None

    def flag(self, key: str, default: bool) -> bool:
        """Return a truth that was given."""
        return {"true": True, "false": False}[self.words[key]] if key in self.words else default

    def number(self, key: str, default: Any) -> Any:
        """Return a number that was given."""
        return float(self.words[key]) if key in self.words else default


def run(words: Sequence[str]) -> int:
    """Predict the videos that the words name; return 1 if any of them failed, else 0.

    Raises:
        BadRequest: no finished run, unknown words, no such video, or models that are not the run's.
        FailedWork: the result cannot be written.
    """
    from darkhar_cli.evaluation import stored_run

    asked = _read(words)
    run = stored_run.finished_run(asked.folder)
    stored_run.model_digests(run)
    return 1 if _work(run, asked).failed else 0


def _read(words: Sequence[str]) -> Asked:
    """Return what is asked for, each word known.

    Raises:
        BadRequest: names what is wrong.
    """
    from darkhar_cli.config import own_parts
    from darkhar_cli.prediction.formats import FORMATS, format_of
    from darkhar_cli.prediction.sources import is_address, read_sources

    files, others = own_parts.taken_from(words)
    settings = [word for word in others if word != "-" and not is_address(word) and _is_setting(word)]
    for word in settings:
        if not VERB.knows(word):
            raise VERB.refusal(word)
    values = {key: value for key, _, value in (word.partition("=") for word in settings)}
    for key, allowed in {"format": FORMATS, "folds": ("auto", "all", "held-out", "final")}.items():
        if values.get(key, allowed[0]) not in allowed:
            raise unknown(key, values[key], allowed)
    for key in ("calibrate", "cache", "allow_network"):
        if values.get(key, "true") not in ("true", "false"):
            raise BadRequest(f"{key}={values[key]}: allowed are true and false")
    _check_numbers(values)
    folder, *videos = [word for word in others if word not in settings] or [""]
    if not videos:
        raise BadRequest("predict takes a run folder and videos; for instance outputs/train/NAME clip.mp4")
    own_parts.use(files)
    sources = read_sources(videos, values.get("allow_network") == "true")
    asked = Asked(
        Path(folder).expanduser(),
        sources,
        _windowing(values),
        values,
        format_of(values.get("format"), values.get("output")),
    )
    _check_outputs(asked)
    return asked


def _is_setting(word: str) -> bool:
    return word.startswith("-") or ("=" in word and not Path(word).expanduser().exists())


def _check_numbers(values: Mapping[str, str]) -> None:
    for key, low, high in (("top", 1, 1000), ("accuracy", 0, 1), ("threshold", 0, 1)):
        try:
            good = low <= float(values.get(key, low)) <= high and (key != "top" or values.get(key, "1").isdigit())
        except ValueError:
            good = False
        if not good:
            what = "a whole number" if key == "top" else "a number"
            raise BadRequest(f"{key}={values[key]}: allowed is {what} from {low} to {high}")


def _windowing(values: Mapping[str, str]) -> Windowing:
    from darkhar_cli.prediction.windowing import Windowing

    window = values.get("window", "auto")
    if window in ("auto", "whole"):
        if window == "whole" and "stride" in values:
            raise BadRequest(f"stride={values['stride']} does nothing with window=whole; give window=3s")
        return Windowing(
            None if window == "auto" else 0.0, _seconds("stride", values["stride"]) if "stride" in values else None
        )
    return Windowing(_seconds("window", window), _seconds("stride", values["stride"]) if "stride" in values else None)


def _seconds(key: str, value: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|sec|ms|min|m)?", value)
    seconds = float(found[1]) * {"ms": 0.001, "min": 60, "m": 60}.get(found[2] or "s", 1.0) if found else 0.0
    if seconds <= 0:
        also = "auto, whole, or " if key == "window" else ""
        raise BadRequest(f"{key}={value}: allowed is {also}a time in seconds, for instance {key}=3s")
    return seconds


def _check_outputs(asked: Asked) -> None:
    """Refuse places that cannot be written as asked, before anything is computed."""
    for key in ("output", "overlay"):
        place = asked.path(key)
        if place and place.is_dir():
            raise BadRequest(f"{key}={place} is a folder; give a file")
    timeline = asked.path("timeline")
    if timeline and timeline.exists() and not timeline.is_dir():
        raise BadRequest(f"timeline={timeline} is a file; give a folder")
    overlay = asked.path("overlay")
    if overlay and (len(asked.sources) > 1 or asked.sources[0].kind != "file"):
        raise BadRequest(f"overlay={overlay} draws one video file; give one")
    if overlay and overlay.suffix.lower() != ".mp4":
        raise BadRequest(f"overlay={overlay}: give a file that ends in .mp4")
    if overlay and overlay == asked.sources[0].path.expanduser().absolute():
        raise BadRequest(f"overlay={overlay} is the video itself; give another file")


def _work(run: Run, asked: Asked) -> Report:
    from darkhar_cli import console
    from darkhar_cli.native_stderr import quiet_start
    from darkhar_cli.runs.identity import changed_since

    if since := changed_since(run).split(", ")[: _MOST_CHANGES + 1]:
        listed = ", ".join(since[:_MOST_CHANGES]) + (", ..." if len(since) > _MOST_CHANGES else "")
        if listed:
            console.warn(
                f"the code is not what trained {run.folder} ({listed}): its models are fed by what there is now"
            )
    for text in run.caveats():
        console.note(f"{run.folder.name}: {text}")
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli.prediction import output
        from darkhar_cli.prediction.certainty import certainty_of
        from darkhar_cli.prediction.predicting import Predicting
        from darkhar_cli.prediction.predictor import Predictor
        from darkhar_cli.prediction.rows import RowFormat
        from darkhar_cli.prediction.timeline import TimelineWriter

    calibrated, stored = asked.flag("calibrate", False), asked.flag("cache", True)
    predictor = Predictor(run, folds=asked.words.get("folds", "auto"), calibrated=calibrated, stored=stored)
    predictor.load()
    wanted, threshold = asked.number("accuracy", 0.9), asked.number("threshold", None)
    certainty = certainty_of(run, predictor.classes, wanted, predictor.temperature, threshold)
    models = "final model" if predictor.folds == "final" else f"{len(predictor.fold_names)} models"
    console.note(f"{models}{_calibration(predictor.temperature)}; {certainty.words()}")
    rows = RowFormat(tuple(predictor.classes), certainty.threshold, int(asked.number("top", 3)))
    folder = asked.path("timeline")
    timeline = TimelineWriter(folder, rows) if folder else None
    with output.writing(rows, asked.format, asked.path("output")) as writers:
        takers = [*writers, *([timeline] if timeline else [])]

        def emit(found: Any) -> None:
            for taker in takers:
                taker.write(found)

        predicting = Predicting(predictor, asked.windowing, emit, keep="overlay" in asked.words)
        report = predicting.run(asked.sources)
    if timeline:
        timeline.close()
        for path in timeline.written:
            console.note(str(path))
    _overlay(asked, report, rows, predictor)
    _tell(asked, report)
    return report


def _calibration(temperature: float) -> str:
    return "" if temperature == 1.0 else f", calibrated at temperature {temperature:.2f}"


def _overlay(asked: Asked, report: Report, rows: RowFormat, predictor: Any) -> None:
    from darkhar_cli import console

    out = asked.path("overlay")
    if out and not report.failed:
        from darkhar_cli.prediction.overlay import write_overlay

        write_overlay(asked.sources[0].path, out, report.spans, rows, predictor)
        console.note(str(out))


def _tell(asked: Asked, report: Report) -> None:
    from darkhar_cli import console

    if report.own:
        console.warn(
            f"{report.own} of {report.videos} videos are clips that this run was trained on; folds=held-out predicts "
            "each by the folds that held it out"
        )
    if report.failed:
        console.error(f"{report.failed} of {report.videos} videos failed")
    if asked.path("output"):
        console.note(str(asked.path("output")))


VERB = Verb(
    name="predict",
    summary="predict videos, files or streams of any length, with a finished run's models",
    place=33,
    takes="a run folder, videos, folds=, calibrate=, cache=, window=, stride=, accuracy=, threshold=, top=, format=, "
    "output=, timeline=, overlay=, allow_network= and plugins=",
    keys=(
        *("folds", "calibrate", "cache", "window", "stride", "accuracy", "threshold", "top", "format", "output"),
        *("timeline", "overlay", "allow_network", "plugins"),
    ),
    examples=(
        ("predict RUN clip.mp4", "the best classes of a video, with their probabilities"),
        ("predict RUN FOLDER 'more/*.mkv' output=rows.csv", "every video of a folder and of a pattern, a row each"),
        ("predict RUN long.mp4 window=3s stride=1s timeline=DIR", "what happens when: events, a table, a picture"),
        ("predict RUN clip.mp4 overlay=out.mp4", "dark and enhanced side by side, with label, box and keypoints"),
        ("predict RUN rtsp://camera/stream allow_network=true format=jsonl", "a camera, a row as soon as it is there"),
    ),
    run=run,
    notes="""
A video is predicted as a clip of the data set would be, by all folds' models, and their probabilities are averaged.
Videos more than twice as long as the longest training clip are cut into overlapping windows, as long as training clips
usually are; `-` is a pipe, /dev/video0 a camera. Exit code 1: a video failed, the others are done.

  folds=auto|all|held-out|final    held-out: clips of the run's own by the folds that held them out alone; auto: the
                           final model where `darkhar refit` made one, else all folds
  calibrate=false|true     divide logits by the temperature that fits the run's own validation scores
  window=auto|whole|3s     length of a window; whole: never cut      stride=1s   from window to window (half a window)
  accuracy=0.9             a prediction is called uncertain below the lowest confidence at which this share of the run's
                           own validation clips is right; threshold=0.5 gives the confidence itself
  format=table|json|jsonl|csv, output=FILE, top=3      what is printed, or written (the suffix stands for the format)
  timeline=DIR, overlay=FILE.mp4                       tables and picture of each long video; a video to look at
  cache=true|false         keep features of whole videos       allow_network=false|true   connect to addresses
""",
    bare=False,
)
