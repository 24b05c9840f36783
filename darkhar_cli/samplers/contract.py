"""What every sampler is: `(n_frames, fps, training, key) -> positions (V, T) float32 + mask (V, T) bool`.

V views (1 unless a sampler scores several clips of one video), T frames, positions ascending. Integer
positions pick frames. One definition serves the host (`xp=numpy`: only those frames are decoded) and the Keras
layer `SampleFrames` (`xp=keras.ops`, where `n_frames` may be a tensor).
"""

import operator
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from darkhar_cli.errors import BadRequest


class Sampler(ABC):
    """Picks frames of one clip.

    Args:
        frames: how many (int), or a fraction of each clip (float below 1).
        short: what a clip with fewer frames does: `repeat_last` (its last frame stands for the missing ones),
            `loop` (its frames are taken round and round, then put in order) or `error`.
    """

    def __init__(self, frames: int | float = 8, short: str = "repeat_last"):
        self.frames, self.short = frames, short

    @abstractmethod
    def pick(self, xp: Any, n: Any, k: Any, key: Any) -> Any:
        """Return `k` ascending int positions of a clip of `n` frames, where `n >= k >= 1`."""

    def __call__(
        self,
        n_frames: Any,
        fps: Any = None,
        training: bool = False,
        key: Any = 0,
        motion: Any = None,
        xp: Any = np,
    ) -> tuple[Any, Any]:
        """Return positions (V, T) float32, ascending, and mask (V, T) bool, true for real frames.

        Raises:
            BadRequest: `short=error` and the clip is too short (on the host, where the length is known).
        """
        count = self.count(xp, n_frames)
        positions = self._positions(xp, n_frames, count, key)
        positions = xp.expand_dims(cast(xp, positions, "float32"), 0)
        return positions, xp.ones_like(positions, dtype="bool")

    def count(self, xp: Any, n: Any) -> Any:
        """Return T: the count asked for, or the fraction of this clip (at least 1)."""
        if isinstance(self.frames, int):
            return self.frames
        wanted = cast(xp, xp.round(cast(xp, n, "float32") * self.frames), "int32")
        return xp.maximum(wanted, 1)

    def _positions(self, xp: Any, n: Any, k: Any, key: Any) -> Any:
        if isinstance(self.frames, float):
            return self.pick(xp, n, k, key)
        try:
            known = operator.index(n)
        except TypeError:  # a tensor of a graph: both branches, chosen by its value
            enough = self.pick(xp, xp.maximum(n, k), k, key)
            if self.short == "error":
                return enough  # the layer asserts that clips are long enough
            return xp.where(n >= k, cast(xp, enough, "int32"), cast(xp, self._stretch(xp, n, k), "int32"))
        return self.pick(xp, n, k, key) if known >= k else self._stretch(xp, n, k)

    def _stretch(self, xp: Any, n: Any, k: int) -> Any:
        index = xp.arange(k, dtype="int32")
        if self.short == "repeat_last":
            return xp.minimum(index, n - 1)
        if self.short == "loop":
            return xp.sort(index % n)
        raise BadRequest(
            f"a clip has {n} frames, fewer than sampler.frames={k}, and sampler.short=error; "
            "choose sampler.short=repeat_last or loop, or fewer frames"
        )


def cast(xp: Any, value: Any, dtype: str) -> Any:
    """Return a value of another type, in NumPy or a graph."""
    return np.asarray(value).astype(dtype) if xp is np else xp.cast(value, dtype)
