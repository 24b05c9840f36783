"""So many steps a second, whatever the clip's own rate: positions between frames, to be interpolated."""

from math import log
from typing import Any

import numpy as np

from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import randint
from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, Sampler, as_int, cast, known

UNKNOWN_FPS = 30.0  # what a clip counts as whose rate is not known
_FRAME = 24  # positions are integers in units of 2**-24 frames
_RATE = 16  # rates and tempos: of 2**-16
_TEMPOS = 1024  # a draw is one of so many and one: a float exponential differs between backends
_TEMPO, _HEAD, _TAIL, _START = range(4)  # what is drawn


@register("sampler", "rate")
class Rate(Sampler):
    """Positions `(start + t) tempo clip_fps / fps`, t = 0, 1, ..., as far as the clip goes.

    Scoring: tempo 1, the window of `steps` in the middle. Training: a random window of what is left when a random
    share, up to `cut`, is taken off each end, at a random tempo, log-uniform from `1 - speed` to `1 / (1 - speed)`.

    Args:
        fps: steps a second.
        steps: T, or None for as many as the clip has.
        speed: how much slower or faster, at most, training shows a clip.
        cut: share of the clip, at most, that training takes off at each end.
        short: what a clip with fewer steps does: `pad` (masked steps at the end, at its last position) or `error`.
    """

    by_time = True

    def __init__(
        self, fps: float = 20.0, steps: int | None = 48, speed: float = 0.0, cut: float = 0.0, short: str = "pad"
    ):
        self.rate, self.steps, self.speed, self.cut, self.short = float(fps), steps, speed, cut, short
        widest = -log(1 - speed)
        powers = (widest * (2 * i / _TEMPOS - 1) for i in range(_TEMPOS + 1))
        self._tempos = np.array([round(np.exp(power) * 2**_RATE) for power in powers], np.int64)

    def count(self, xp: Any, n: Any, fps: Any = None, training: bool = False) -> Any:
        """Return T: `steps`, or as many as the clips have, in training at the slowest tempo."""
        if self.steps:
            return self.steps
        xp = np if known(n) and (fps is None or isinstance(fps, (int, float, np.number))) else xp
        step = self._step(xp, fps)
        if training:
            step = _at_tempo(xp, step, int(self._tempos[0]))
        return as_int(xp, cast(xp, _range(xp, n) // step + 1, "int32"))

    def is_short(self, xp: Any, n: Any, fps: Any = None) -> Any:
        """Return whether clips of `n` frames have fewer than `steps` steps."""
        return _range(xp, n) // self._step(xp, fps) + 1 < (self.steps or 0)

    def sample(self, xp: Any, n: Any, fps: Any, draw: Draw) -> tuple[Any, Any]:
        """Return positions and mask (1, T)."""
        if self.short == "error" and xp is np and self.is_short(np, n, fps):
            raise BadRequest(
                f"a clip of {n} frames has fewer steps at sampler.fps={self.rate:g} than sampler.steps={self.steps}, "
                "and sampler.short=error; choose sampler.short=pad, or fewer steps"
            )
        count = self.count(xp, n, fps, draw.training)
        step, head, whole = self._step(xp, fps), 0, _range(xp, n)
        if draw.training:
            tempos = self._tempos if xp is np else xp.convert_to_tensor(self._tempos)
            step = _at_tempo(xp, step, xp.take(tempos, randint(xp, draw.key, _TEMPO, _TEMPOS + 1)))
            head = self._share(xp, whole, draw.key, _HEAD)
            whole = whole - head - self._share(xp, whole, draw.key, _TAIL)
        has = whole // step + 1
        valid = xp.minimum(has, cast(xp, count, "int64"))
        start = randint(xp, draw.key, _START, has - valid + 1) if draw.training else (has - valid) // 2
        index = xp.arange(count, dtype="int64")
        positions = head + (start + xp.minimum(index, valid - 1)) * step
        positions = cast(xp, cast(xp, positions, "float64") * 2.0**-_FRAME, "float32")  # rounded once
        return positions[None], (index < valid)[None]

    def _step(self, xp: Any, fps: Any) -> Any:
        """Return the distance of two steps at the clip's own tempo, int64, in 2**-24 frames, rounded down."""
        fps = UNKNOWN_FPS if fps is None else fps
        fps = cast(xp, fps, "float32")
        step = _rate(xp, xp.where(fps > 0, fps, UNKNOWN_FPS)) * 2**_FRAME // int(_rate(np, self.rate))
        return xp.maximum(step, 1)

    def _share(self, xp: Any, whole: Any, key: Any, index: int) -> Any:
        """Return a random share of `whole`, from 0 to `cut` of it."""
        most = whole // 2**_RATE * int(self.cut * 2**_RATE)
        return most // 2**_RATE * randint(xp, key, index, 2**_RATE)


def _range(xp: Any, n: Any) -> Any:
    """Return the position of the last of `n` frames."""
    return (cast(xp, n, "int64") - 1) * 2**_FRAME


def _rate(xp: Any, fps: Any) -> Any:
    return xp.maximum(cast(xp, xp.round(cast(xp, fps, "float32") * np.float32(2**_RATE)), "int64"), 1)


def _at_tempo(xp: Any, step: Any, tempo: Any) -> Any:
    return xp.maximum(step * tempo // 2**_RATE, 1)
