"""Evenly spaced frames from the first to the last: the paper's `IntervalSampling`."""

from typing import Any

from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, FrameSampler, spread


@register("sampler", "linspace")
class Linspace(FrameSampler):
    """Positions `round(i (n - 1) / (frames - 1))`, halves to even, as `numpy.linspace(0, n - 1, k).round()`."""

    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return `k` positions from 0 to n - 1, int."""
        return spread(xp, n - 1, k)
