"""Evenly spaced frames from the first: the paper's `BatchIntervalSampling`."""

from typing import Any

from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, FrameSampler


@register("sampler", "uniform")
class Uniform(FrameSampler):
    """Positions `0, step, 2 step, ...` with `step = (n - 1) // (frames - 1)`: the tail may be missed.

    Source: the paper's appendix (`_aligned_interval`).
    """

    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return `k` positions from 0 with one integer step, int."""
        return xp.arange(k, dtype="int32") * ((n - 1) // xp.maximum(k - 1, 1))
