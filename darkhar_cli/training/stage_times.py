"""How long a clip takes on this machine, stage by stage: what each part needs when it works alone, on one clip."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from darkhar_cli.data.loose_clips import LooseClip, LooseClips, clip_of_frames
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.features.frozen_extractor import Frozen
from darkhar_cli.features.prefetch import extract
from darkhar_cli.randomness import SCORING
from darkhar_cli.training.stream import Stream
from darkhar_cli.training.trainer import Trainer

STAGES = ("decode", "enhance", "extract", "classify")
_MOST, _ENOUGH_S = 3, 1.0  # calls after the first, and seconds that are enough for them


@dataclass(frozen=True)
class StageTimes:
    """Milliseconds of one clip in scoring, one after the other.

    Attributes:
        stages: by name, see `STAGES`; where parts learn together, `extract` is with `classify`.
        frames: of the clip.
        seconds: that it lasts; 0: not known.
        real: whether it is a clip of the data set, not noise.
    """

    stages: Mapping[str, float]
    frames: int
    seconds: float
    real: bool

    @property
    def total(self) -> float:
        """Return the milliseconds of all stages."""
        return sum(self.stages.values())


def stage_times(trainer: Trainer, clip: LooseClip, real: bool) -> StageTimes:
    """Return how long a clip takes; each stage's best of a few calls, after one that is not counted.

    Args:
        trainer: its parts, built; nothing is stored.
        clip: that is timed.
        real: whether it is a clip of the data set.

    Raises:
        FailedWork: it cannot be read.
    """
    on = trainer.on(LooseClips("timed", [clip], trainer.clips.classes), None)
    found = dict.fromkeys(STAGES, 0.0)
    for stream in on.streams:
        of_stream = _features(stream) if stream.frozen else _frames(stream)
        found = {stage: found[stage] + of_stream.get(stage, 0.0) for stage in STAGES}
    views = [
        [array for branch in on.branches for array in branch.batch(branch.load([0], SCORING, view, [None]))]
        for view in range(max(branch.views() for branch in on.branches))
    ]
    found["classify"] = _best(lambda: [on.model.logits(view) for view in views])
    return StageTimes(found, clip.n_frames, clip.seconds, real)


def noise_clip(n_frames: int = 90, height: int = 240, width: int = 320, fps: float = 30.0) -> LooseClip:
    """Return a clip of dark noise, for where no data set's clip is at hand."""
    frames = np.random.default_rng(0).integers(0, 40, (n_frames, height, width, 3), dtype=np.uint8)
    return clip_of_frames("noise", frames, fps)


def _best(call: Callable[[], Any]) -> float:
    """Return the shortest of a few calls in milliseconds; the first, which traces and compiles, is not counted."""
    call()
    times: list[float] = []
    while len(times) < _MOST and sum(times) < _ENOUGH_S:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


def _positions(stream: Stream) -> np.ndarray:
    """Return the frames (n,) that scoring reads of the clip."""
    if stream.extractor.scope == "clip":
        return np.arange(stream.clips.table.at[0, "n_frames"])
    return np.unique(np.concatenate(stream.positions([0], SCORING)[0])).astype(np.int64)


def _frames(stream: Stream) -> dict[str, float]:
    """Return the times of decoding and enhancement, resizing included."""
    wanted = _positions(stream)
    decoded = list(stream.clips.frames(0, wanted))
    times = {"decode": _best(lambda: list(stream.clips.frames(0, wanted)))}
    lit = HostFrames(_held(stream, decoded), stream.parts.enhance, stream.extractor.size)
    return times | {"enhance": _best(lambda: lit(0, np.arange(len(decoded))))}


def _features(stream: Stream) -> dict[str, float]:
    """Return the times of decoding, enhancement and extraction."""
    assert stream.frozen is not None, "the caller looks"
    times, frozen = _frames(stream), stream.frozen
    decoded = list(stream.clips.frames(0, _positions(stream)))
    lit = HostFrames(_held(stream, decoded), stream.parts.enhance, frozen.extractor.size)
    bright = lit(0, np.arange(len(decoded)))
    return times | {"extract": _best(lambda: _extracted(frozen, bright, stream))}


def _extracted(frozen: Frozen, frames: np.ndarray, stream: Stream) -> np.ndarray:
    """Return the features of enhanced frames, by the engine that computes them in a run."""

    def prepared(_: Any) -> np.ndarray:
        made = frozen.last(frames)
        whole = frozen.whole
        return whole(made, float(stream.clips.table.at[0, "fps"]), stream.clips.times(0)) if whole else made

    return next(extract([0], prepared, frozen.engine))[1]


def _held(stream: Stream, frames: list[np.ndarray]) -> LooseClips:
    """Return the frames of the stream's clip as a clip that need not be decoded."""
    assert isinstance(stream.clips, LooseClips), "just made"
    about = replace(stream.clips.clips[0], read=lambda positions: (frames[int(p)] for p in positions), times=None)
    return LooseClips("held", [replace(about, n_frames=len(frames))], stream.clips.classes)
