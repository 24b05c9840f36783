"""Videos in, rows out: small files whole, as the clips of a data set are; long ones and streams in windows."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from darkhar_cli import console
from darkhar_cli.data.loose_clips import LooseClip, clip_of_bytes
from darkhar_cli.data.video import ClipError, read_clip
from darkhar_cli.data.video.streaming import VideoStream, open_stream
from darkhar_cli.errors import DarkharError
from darkhar_cli.prediction.input_range import InputRange, look
from darkhar_cli.prediction.predictor import Predictor, held_out_folds
from darkhar_cli.prediction.rows import FailedVideo, PredictedSpan
from darkhar_cli.prediction.sources import VideoSource
from darkhar_cli.prediction.windowing import Windowing
from darkhar_cli.prediction.windows import predicted_windows

_TOGETHER = 8  # videos that are predicted at once
_BYTES_TOGETHER = 1 << 26  # of their files, at least
_EVERY_S = 10.0  # seconds of a live stream between two notes

Emit = Callable[[PredictedSpan | FailedVideo], None]


@dataclass
class Report:
    """What came of a request.

    Attributes:
        videos, failed: how many.
        own: videos that the run was trained on.
        spans: rows of the video that was last predicted.
    """

    videos: int = 0
    failed: int = 0
    own: int = 0
    spans: list[PredictedSpan] = field(default_factory=list)


class Predicting:
    """Predicts sources in order; a video that cannot be read is a row with the reason, and the others are done.

    Args:
        predictor: of a run.
        windowing: how videos are cut.
        emit: takes each row as soon as it is there.
        keep: keep the rows of the video that was last predicted, for `report.spans`.
    """

    def __init__(self, predictor: Predictor, windowing: Windowing, emit: Emit, keep: bool = False):
        self.predictor, self.windowing, self.keep = predictor, windowing, keep
        self.known = InputRange.of_run(predictor.run)
        self.report = Report()
        self._emit = emit
        self._waiting_bytes = 0
        self._ours = set(held_out_folds(predictor.run))

    def run(self, sources: Sequence[VideoSource]) -> Report:
        """Predict all of them."""
        lengths = [_announced(source) for source in sources]
        total = sum(max(1, round(seconds)) for seconds in lengths)
        waiting: list[tuple[VideoSource, LooseClip]] = []
        with console.progress("predict, seconds of video", total, rate=True) as progress:
            for source, seconds in zip(sources, lengths, strict=True):
                self.report.videos += 1
                if not self._is_whole(source, seconds):
                    self._flush(waiting)
                    self._windows(source, seconds, progress)
                    continue
                clip = self._read(source)
                if isinstance(clip, str):
                    self._flush(waiting)  # rows keep the order of the videos
                    self._fail(source, clip)
                else:
                    waiting.append((source, clip))
                if len(waiting) >= _TOGETHER or self._waiting_bytes > _BYTES_TOGETHER:
                    self._flush(waiting)
                progress.advance("", max(1, round(seconds)))
            self._flush(waiting)
        return self.report

    def _is_whole(self, source: VideoSource, seconds: float) -> bool:
        if source.kind != "file":
            return self.windowing.window == 0 and source.kind == "pipe"
        return self.windowing.whole(seconds, source.path.stat().st_size if source.path.exists() else 0, self.known)

    def _read(self, source: VideoSource) -> LooseClip | str:
        """Return a video as one clip, or the reason why it cannot be read."""
        try:
            data = sys.stdin.buffer.read() if source.kind == "pipe" else read_clip(source.path)
            clip = clip_of_bytes(source.name, data)
            self._waiting_bytes += len(data)
            self.report.own += clip.digest in self._ours and self.predictor.folds != "held-out"
            return clip
        except ClipError as problem:
            return str(problem)
        except OSError as problem:
            return problem.strerror or str(problem)

    def _flush(self, waiting: list[tuple[VideoSource, LooseClip]]) -> None:
        """Predict what waits, together; where that fails one by one, so that one fails alone."""
        batch, self._waiting_bytes = list(waiting), 0
        waiting.clear()
        if not batch:
            return
        try:
            found = self._spans([clip for _, clip in batch])
        except (DarkharError, ClipError) as problem:
            if len(batch) == 1:
                self._fail(batch[0][0], _without_name(str(problem), batch[0][0].name))
                return
            for one in batch:
                self._flush([one])
            return
        for span in found:
            self._give(span, first=True)

    def _spans(self, clips: Sequence[LooseClip]) -> list[PredictedSpan]:
        probabilities = self.predictor.of(clips)
        found = []
        for clip, p in zip(clips, probabilities, strict=True):
            seen = look(clip)
            end = clip.seconds
            notes = self.known.notes(clip, seen)
            found.append(PredictedSpan(clip.id, 0.0, end, p, seen.luma, notes, (0.0, end)))
        return found

    def _windows(
        self, source: VideoSource, seconds: float, progress: console.PlainProgress | console.BarProgress
    ) -> None:
        window, stride = self.windowing.sizes(self.known)
        done, told, first = 0, 0.0, True
        live = source.kind != "file"
        try:
            with _opened(source) as video:
                for span in predicted_windows(self.predictor, source.name, video, window, stride, self.known, live):
                    self._give(span, first)
                    first = False
                    if live and span.end - told >= _EVERY_S:
                        told = span.end
                        console.note(f"{source.name}: {told:.0f} s seen")
                    elif seconds:
                        now = min(round(span.centre[1]), round(seconds))
                        progress.advance("", now - done)
                        done = now
        except (ClipError, DarkharError) as problem:
            self._fail(source, str(problem))
        progress.advance("", max(1, round(seconds)) - done)

    def _give(self, span: PredictedSpan, first: bool) -> None:
        if first:
            self.report.spans.clear()
        if self.keep:
            self.report.spans.append(span)
        self._emit(span)

    def _fail(self, source: VideoSource, reason: str) -> None:
        self.report.failed += 1
        self.report.spans.clear()
        console.error(f"{source.name}: {reason}")
        self._emit(FailedVideo(source.name, reason))


def _without_name(reason: str, name: str) -> str:
    return reason.removeprefix(f"{name}: ")


def _announced(source: VideoSource) -> float:
    """Return how long a file's header says it is, in seconds; 0 where nothing says so."""
    if source.kind != "file":
        return 0.0
    try:
        with open_stream(source.path) as video:
            return video.seconds
    except ClipError:  # it says so again when it is read
        return 0.0


def _opened(source: VideoSource) -> AbstractContextManager[VideoStream]:
    if source.kind == "pipe":
        return open_stream(_Pipe())
    if source.kind == "file":
        return open_stream(source.path)
    return open_stream(source.place, source.form, network=source.kind == "address")


class _Pipe:
    """Standard input, which can be read and not be wound back: PyAV asks for nothing else."""

    def read(self, size: int) -> bytes:
        """Return what has come, up to so many bytes."""
        return os.read(sys.stdin.fileno(), size)  # what is there, without waiting for more
