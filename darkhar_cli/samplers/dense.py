"""Neighbouring frames, so many apart: what clip networks are trained on, and several such clips in scoring."""

from typing import Any

from darkhar_cli.randomness import randint
from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, FrameSampler, cast, spread


@register("sampler", "dense")
class Dense(FrameSampler):
    """Clips of `frames` frames, `stride` apart: one from a random start in training, `clips` views in scoring.

    Views start evenly from the first frame to the last possible one, rounded, halves to even; a single one stands in
    the middle. Where frames come at irregular times, a stride is as long as at the clip's mean rate.
    Source: mmaction2 `SampleFrames` (`clip_len`, `frame_interval`, `num_clips`, test mode).
    """

    by_time = True

    def __init__(self, frames: int = 16, stride: int = 2, clips: int = 3, short: str = "repeat_last"):
        super().__init__(frames, short)
        self.stride, self.clips = stride, clips

    def views(self, training: bool = False) -> int:
        """Return V: 1 in training, `clips` in scoring."""
        return 1 if training else self.clips

    def timeline_fps(self, clip_fps: float | None) -> float | None:
        """Return the clip's frames per second over the stride."""
        return clip_fps / self.stride if clip_fps else None

    def span(self, k: int) -> int:
        """Return the frames from a view's first to its last."""
        return (k - 1) * self.stride + 1

    def offsets(self, xp: Any, k: Any) -> Any:
        """Return the frames of a view that starts at 0, (k,) int32."""
        return xp.arange(k, dtype="int32") * self.stride

    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return the frames of each view (V, k), int."""
        last = n - self.span(k)
        if draw.training:
            starts = randint(xp, draw.key, xp.arange(1, dtype="int32"), last + 1)
        else:
            starts = spread(xp, last, self.clips) if self.clips > 1 else last // 2 + xp.zeros((1,), dtype="int32")
        return cast(xp, starts, "int32")[:, None] + self.offsets(xp, k)
