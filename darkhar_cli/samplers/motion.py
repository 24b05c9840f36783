"""More frames where more moves: quantiles of the cumulative change from frame to frame."""

from typing import Any

import numpy as np

from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, FrameSampler, cast

_CHANGE = 18  # changes are integers in units of 2**-18 of the grey range
_SHARE = 24  # cumulative shares: of 2**-24
_MIX = 10  # the mixture: of 2**-10


@register("sampler", "motion")
class Motion(FrameSampler):
    """Frame t weighs `(1 - mix) / n + mix d_t / sum d`, with `d_t = max(0, m_t - 20th percentile of m)`.

    m is the mean absolute difference of luma to the frame before; its 20th percentile (linear, as NumPy's) stands
    for the noise of a dark clip. Picked are the first frames whose cumulative weight is above `(k + .5) / frames`,
    each moved on to the next frame where it would be picked twice. `mix=0` is `segment` in scoring.
    """

    wants_motion = True
    by_time = True

    def __init__(self, frames: int | float = 8, mix: float = 0.5, short: str = "repeat_last"):
        super().__init__(frames, short)
        self.mix = mix

    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return `k` distinct positions, ascending, int."""
        if draw.motion is None:
            raise ValueError("sampler motion was not given the clip's motion (n,)")
        shares = self._cumulative(xp, draw.motion)
        index, k = xp.arange(k, dtype="int64"), cast(xp, k, "int64")
        reached = shares[None, :] * (2 * k) <= (2 * index[:, None] + 1) * 2 ** (_SHARE + _MIX)
        first = xp.sum(cast(xp, reached, "int64"), axis=1) - index
        before = index[None, :] <= index[:, None]
        latest = xp.max(xp.where(before, first[None, :], xp.min(first)), axis=1)  # of those before: no frame twice
        return index + xp.minimum(latest, cast(xp, n, "int64") - k)

    def _cumulative(self, xp: Any, motion: Any) -> Any:
        """Return each frame's cumulative weight (n,), int64, in 2**-34."""
        levels = cast(xp, xp.round(cast(xp, motion, "float32") * np.float32(2**_CHANGE)), "int64")
        n = xp.shape(levels)[0]
        ordered, at = xp.sort(levels), cast(xp, n, "int64") - 1
        low, rest = xp.take(ordered, at // 5), at % 5
        high = xp.take(ordered, xp.minimum(at // 5 + 1, at))
        still = low * (5 - rest) + high * rest  # five times the percentile
        energy = xp.cumsum(xp.maximum(levels * 5 - still, 0))
        even = (xp.arange(n, dtype="int64") + 1) * 2**_SHARE // cast(xp, n, "int64")
        total = energy[-1]
        moving = xp.where(total > 0, energy * 2**_SHARE // xp.maximum(total, 1), even)
        mix = round(self.mix * 2**_MIX)
        return even * (2**_MIX - mix) + moving * mix
