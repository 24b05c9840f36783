"""A video beside its enhanced self, with what was predicted when, and the person that the extractor followed."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from darkhar_cli import console
from darkhar_cli.data.loose_clips import placeholder
from darkhar_cli.data.video.streaming import open_stream
from darkhar_cli.extractors.person.keypoints import KEYPOINTS, load_movenet
from darkhar_cli.extractors.person.tracking import SEEN, boxes, tracked
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.files.asides import remove_leftovers, write_aside
from darkhar_cli.prediction.predictor import Predictor
from darkhar_cli.prediction.rows import PredictedSpan, RowFormat
from darkhar_cli.training.experiment import StreamParts

_FOLLOW = ("pose", "flow", "pose_flow", "movenet")  # extractors that look for a person
_LEAST_HEIGHT = 360  # pixels: smaller videos are shown larger
_TICK = 90_000  # of a second
_BONES = (
    *(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"), ("nose", "left_eye"), ("nose", "right_eye")),
    *(("left_eye", "left_ear"), ("right_eye", "right_ear")),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))
    ),
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (("shoulder", "hip"), ("hip", "knee"))),
    *((f"{side}_knee", f"{side}_ankle") for side in ("left", "right")),
)
_GREEN, _WHITE, _YELLOW = (80, 220, 80), (255, 255, 255), (255, 210, 60)


def write_overlay(path: Path, out: Path, spans: Sequence[PredictedSpan], rows: RowFormat, predictor: Predictor) -> None:
    """Write a video (mp4, H.264) of a file's frames, left as they are and right enhanced, with label and keypoints.

    Args:
        path: the file.
        out: the video to write.
        spans: what was predicted of it, in order.
        rows: says what is uncertain.
        predictor: whose first stream's enhancement and extractor are shown.

    Raises:
        ClipError: the file cannot be read.
        FailedWork: the video cannot be written.
    """
    parts = next(iter(predictor.trainer.experiment.streams.values()))
    with open_stream(path) as video:
        total = max(1, round(video.seconds))
        with console.progress("overlay, seconds of video", total, rate=True) as progress:
            shown = _shown(video.frames(), parts, spans, rows)
            remove_leftovers(out.parent, out.name)
            write_aside(out, lambda aside: _encode(aside, shown, video.fps or 30.0, progress))


def _shown(
    frames: Iterator[tuple[float, np.ndarray]], parts: StreamParts, spans: Sequence[PredictedSpan], rows: RowFormat
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (seconds, picture (H, 2 W, 3) uint8)."""
    lit = HostFrames(placeholder([], False, []), parts.enhance, None)
    net = load_movenet(parts.extractor[1].get("weights", "auto")) if parts.extractor[0] in _FOLLOW else None
    pairs: list[tuple[float, np.ndarray, np.ndarray]] = []  # the newest

    def enhanced() -> Iterator[np.ndarray]:
        for time, frame in frames:
            bright = np.rint(np.clip(lit.made_of(frame[None])[0], 0, 255)).astype(np.uint8)
            pairs[:] = [(time, frame, bright)]
            yield bright

    at = 0
    points_of = tracked(enhanced(), net) if net else (None for _ in enhanced())
    for points in points_of:
        time, dark, bright = pairs[0]
        while at + 1 < len(spans) and time >= spans[at].centre[1]:
            at += 1
        yield time, _picture(dark, bright, points, spans[at] if spans else None, rows)


def _picture(
    dark: np.ndarray, bright: np.ndarray, points: np.ndarray | None, span: PredictedSpan | None, rows: RowFormat
) -> np.ndarray:
    scale = max(1.0, _LEAST_HEIGHT / dark.shape[0])
    size = 2 * round(dark.shape[1] * scale / 2), 2 * round(dark.shape[0] * scale / 2)
    left, right = (cv2.resize(side, size, interpolation=cv2.INTER_LINEAR) for side in (dark, bright))
    if points is not None:
        for side in (left, right):
            _draw_person(side, points)
    both = np.concatenate([left, right], axis=1)
    if span is not None:
        unsure = rows.uncertain(span)
        text = f"{'uncertain: ' if unsure else ''}{rows.label(span)} {100 * span.confidence:.0f} %"
        _write(both, text, _YELLOW if unsure else _WHITE)
    return both


def _draw_person(picture: np.ndarray, points: np.ndarray) -> None:
    """Draw the box and the keypoints (17, 3) that are seen."""
    height = picture.shape[0]
    seen = points[:, 2] > SEEN
    if not seen.any():
        return
    pixels = np.rint(points[:, :2] * height).astype(int)
    x0, y0, x1, y1 = np.rint(boxes(points[None])[0] * height).astype(int).tolist()
    cv2.rectangle(picture, (x0, y0), (x1, y1), _GREEN, 1)
    index = {name: i for i, name in enumerate(KEYPOINTS)}
    for a, b in _BONES:
        if seen[index[a]] and seen[index[b]]:
            cv2.line(
                picture, tuple(pixels[index[a]].tolist()), tuple(pixels[index[b]].tolist()), _GREEN, 1, cv2.LINE_AA
            )
    for point in pixels[seen].tolist():
        cv2.circle(picture, tuple(point), 2, _YELLOW, -1, cv2.LINE_AA)


def _write(picture: np.ndarray, text: str, colour: tuple[int, int, int]) -> None:
    """Write a line at the top, black around it."""
    size = picture.shape[0] / 600
    for thickness, of in ((max(3, round(5 * size)), (0, 0, 0)), (max(1, round(2 * size)), colour)):
        place = (round(12 * size) + 4, round(36 * size) + 4)
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size * 1.1, of, thickness, cv2.LINE_AA)


def _encode(path: Path, pictures: Iterator[tuple[float, np.ndarray]], fps: float, progress: Any) -> None:
    done = 0
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options={"crf": "20"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICK)
        for time, picture in pictures:
            if not stream.width or stream.width != picture.shape[1]:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time * _TICK), Fraction(1, _TICK)
            container.mux(stream.encode(frame))
            progress.advance("", int(time) - done)
            done = int(time)
        container.mux(stream.encode(None))
