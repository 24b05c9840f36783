"""`darkhar predict RUN video…`: a finished run's models on videos of any length, from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest

if TYPE_CHECKING:
    from darkhar_cli.prediction.predicting import Report
    from darkhar_cli.prediction.request import Asked
    from darkhar_cli.prediction.rows import RowFormat
    from darkhar_cli.runs.run_folder import Run


_MOST_CHANGES = 3  # of the code since the run that are named


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
    from darkhar_cli.prediction.formats import format_of
    from darkhar_cli.prediction.request import Asked, check_outputs, check_values, windowing_of
    from darkhar_cli.prediction.sources import is_address, read_sources

    files, others = own_parts.taken_from(words)
    settings = [word for word in others if word != "-" and not is_address(word) and _is_setting(word)]
    for word in settings:
        if not VERB.knows(word):
            raise VERB.refusal(word)
    values = {key: value for key, _, value in (word.partition("=") for word in settings)}
    check_values(values)
    folder, *videos = [word for word in others if word not in settings] or [""]
    if not videos:
        raise BadRequest("predict takes a run folder and videos; for instance outputs/train/NAME clip.mp4")
    own_parts.use(files)
    sources = read_sources(videos, values.get("allow_network") == "true")
    asked = Asked(
        Path(folder).expanduser(),
        sources,
        windowing_of(values),
        values,
        format_of(values.get("format"), values.get("output")),
    )
    check_outputs(asked)
    return asked


def _is_setting(word: str) -> bool:
    return word.startswith("-") or ("=" in word and not Path(word).expanduser().exists())


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
    place=34,
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
