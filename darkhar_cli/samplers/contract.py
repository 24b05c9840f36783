"""What every sampler is: `(n_frames, fps, training, key, motion) -> positions (V, T) float32 + mask (V, T) bool`.

V views (1 unless a sampler scores several clips of one video), T steps, positions ascending. Positions are frames;
those between two frames are interpolated where features are on a timeline, and taken to the `nearest` frame where
frames are picked. Of a clip whose frames come at irregular times they are frames at its mean rate, which the caller
takes to those shown then (`by_time`); the sampler knows nothing of it. One definition serves the host (`xp=numpy`:
only those frames are decoded) and the Keras layer `SampleFrames` (`xp=keras.ops`, where `n_frames`, `fps`, `key` and
`motion` may be tensors). Positions are computed in integers, so that they are the same in NumPy, eagerly, in a graph
and under XLA.
"""

import operator
from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Protocol

import numpy as np

from darkhar_cli.errors import BadRequest


class Draw(NamedTuple):
    """What a sampler is given beside the length: whether for training, the key, and the clip's motion (n,)."""

    training: bool
    key: Any
    motion: Any


class Sampler(ABC):
    """Picks steps of one clip.

    Attributes:
        frames: how many (int), or a fraction of each clip (float below 1); None: neither.
        short: what becomes of a clip that is too short; None: no clip is.
        wants_motion: whether a call needs `motion`, see `darkhar_cli.data.frame_difference`.
        rate: steps a second, where that is known whatever the clip.
        by_time: whether positions mean moments, at the clip's rate: where its frames come at irregular times, what is
            picked are the frames shown then (`data.frame_times`). Else positions mean frames, whenever shown.
    """

    frames: int | float | None = None
    short: str | None = None
    wants_motion: bool = False
    rate: float | None = None
    by_time: bool = False

    def __call__(
        self,
        n_frames: Any,
        fps: Any = None,
        training: bool = False,
        key: Any = 0,
        motion: Any = None,
        xp: Any = np,
    ) -> tuple[Any, Any]:
        """Return positions (V, T) float32, ascending, and mask (V, T) bool, true for real steps, which come first.

        Args:
            n_frames: n, the clip's frames.
            fps: the clip's frames per second; None or 0: not known.
            training: whether the draw is for training.
            key: uint32, names (seed, epoch, clip).
            motion: (n,) float32, how much changes before each frame, where `wants_motion`.
            xp: `numpy` or `keras.ops`.

        Raises:
            BadRequest: `short=error` and the clip is too short (on the host, where the length is known).
        """
        return self.sample(xp, n_frames, fps, Draw(training, key, motion))

    @abstractmethod
    def sample(self, xp: Any, n: Any, fps: Any, draw: Draw) -> tuple[Any, Any]:
        """Return what a call does, of a clip of `n` frames."""

    @abstractmethod
    def count(self, xp: Any, n: Any, fps: Any = None, training: bool = False) -> Any:
        """Return T for clips of `n` frames: one int for all clips, or one for each `n`."""

    def views(self, training: bool = False) -> int:
        """Return V."""
        return 1

    def timeline_fps(self, clip_fps: float | None) -> float | None:
        """Return steps a second, where steps are evenly spaced in time and the spacing is known, or None."""
        return self.rate

    def is_short(self, xp: Any, n: Any, fps: Any = None) -> Any:
        """Return whether clips of `n` frames are too short, so that `short` decides."""
        return cast(xp, n, "int64") < 0


class SamplerBuilder(Protocol):
    """What is registered as a sampler: `Sampler`'s class, or a function that returns one."""

    def __call__(self, **parameters: Any) -> Sampler:
        """Return the sampler, e.g. `uniform(frames=8)`."""


class FrameSampler(Sampler):
    """Picks so many whole frames.

    Args:
        frames: how many (int), or a fraction of each clip (float below 1).
        short: what a clip with fewer frames does: `repeat_last` (its last frame replaces the missing ones),
            `loop` (its frames are taken round and round, then put in order) or `error`.
    """

    def __init__(self, frames: int | float = 8, short: str = "repeat_last"):
        self.frames, self.short = frames, short

    @abstractmethod
    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return `k` ascending int positions (k,) or (V, k) of a clip of `n` frames that is not too short."""

    def offsets(self, xp: Any, k: Any) -> Any:
        """Return the positions of the `k` frames of a short clip, (k,) int32."""
        return xp.arange(k, dtype="int32")

    def span(self, k: int) -> int:
        """Return the fewest frames from which `k` can be picked."""
        return k

    def sample(self, xp: Any, n: Any, fps: Any, draw: Draw) -> tuple[Any, Any]:
        """Return positions and mask (V, T); every step is real."""
        positions = cast(xp, self._positions(xp, n, self.count(xp, n), draw), "float32")
        positions = positions + xp.zeros((self.views(draw.training), 1), dtype="float32")
        return positions, xp.ones_like(positions, dtype="bool")

    def count(self, xp: Any, n: Any, fps: Any = None, training: bool = False) -> Any:
        """Return T: the requested count, or the fraction of each clip (at least 1)."""
        if isinstance(self.frames, int):
            return self.frames
        xp = np if known(n) else xp
        wanted = cast(xp, xp.round(cast(xp, n, "float32") * np.float32(self.frames)), "int32")
        return as_int(xp, xp.maximum(wanted, 1))

    def is_short(self, xp: Any, n: Any, fps: Any = None) -> Any:
        """Return whether clips of `n` frames have fewer than are picked from."""
        fewest = self.span(self.frames) if isinstance(self.frames, int) else 0
        return cast(xp, n, "int64") < fewest

    def _positions(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        if isinstance(self.frames, float):
            return self.pick(xp, n, k, draw)
        fewest = self.span(k)
        if known(n):
            return self.pick(xp, n, k, draw) if n >= fewest else self._stretch(xp, n, k)
        enough = self.pick(xp, xp.maximum(n, fewest), k, draw)  # a tensor: both branches, chosen by its value
        if self.short == "error":
            return enough  # the layer asserts that clips are long enough
        return xp.where(n >= fewest, cast(xp, enough, "int32"), cast(xp, self._stretch(xp, n, k), "int32"))

    def _stretch(self, xp: Any, n: Any, k: int) -> Any:
        offsets = self.offsets(xp, k)
        if self.short == "repeat_last":
            return xp.minimum(offsets, n - 1)
        if self.short == "loop":
            return xp.sort(offsets % n)
        span = self.span(k)
        needs = f"sampler.frames={k}" + (f" span ({span})" if span != k else "")
        raise BadRequest(
            f"a clip has {n} frames, fewer than {needs}, and sampler.short=error; "
            "choose sampler.short=repeat_last or loop, or fewer frames"
        )


def nearest(xp: Any, positions: Any) -> Any:
    """Return the frame nearest to each position, int32; from half way the even one."""
    return cast(xp, xp.round(positions), "int32")


def spread(xp: Any, last: Any, k: Any) -> Any:
    """Return `k` ints from 0 to `last`, evenly spaced, as `numpy.linspace(0, last, k).round()`: halves to even."""
    intervals = cast(xp, xp.maximum(k - 1, 1), "int64")  # long videos: 2 k n passes 32 bits
    scaled = 2 * xp.arange(k, dtype="int64") * cast(xp, last, "int64")
    up = (scaled + intervals) // (2 * intervals)
    tie = (scaled + intervals) % (2 * intervals) == 0
    return xp.where(tie, up - up % 2, up)


def known(value: Any) -> bool:
    """Return whether a length is known now: a number, or an eager scalar; not a tensor of a graph or an array."""
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def as_int(xp: Any, value: Any) -> Any:
    """Return a NumPy scalar as an int, which a graph takes for a fixed shape; others as they are."""
    return int(value) if xp is np and np.ndim(value) == 0 else value


def cast(xp: Any, value: Any, dtype: str) -> Any:
    """Return a value of another type, in NumPy or a graph."""
    return np.asarray(value).astype(dtype) if xp is np else xp.cast(value, dtype)
