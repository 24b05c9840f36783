"""Evenly spaced frames from the first to the last: the paper's `IntervalSampling`."""

from typing import Any

from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Sampler, cast


@register("sampler", "linspace")
class Linspace(Sampler):
    """Positions `round(i (n - 1) / (frames - 1))`, halves to even, as `numpy.linspace(0, n - 1, k).round()`."""

    def pick(self, xp: Any, n: Any, k: Any, key: Any) -> Any:
        """Return `k` positions from 0 to n - 1, int, rounded in integers so that every backend agrees."""
        intervals = cast(xp, xp.maximum(k - 1, 1), "int64")  # long videos: 2 k n passes 32 bits
        scaled = 2 * xp.arange(k, dtype="int64") * (cast(xp, n, "int64") - 1)
        up = (scaled + intervals) // (2 * intervals)
        tie = (scaled + intervals) % (2 * intervals) == 0
        return xp.where(tie, up - up % 2, up)
