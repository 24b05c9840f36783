"""Random frames without replacement, in order."""

from typing import Any

from darkhar_cli.randomness import order
from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, FrameSampler


@register("sampler", "random")
class Random(FrameSampler):
    """The first `frames` of a permutation drawn by (seed, epoch, clip), put in order."""

    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return `k` distinct positions, ascending, int."""
        return xp.sort(order(xp, draw.key, n)[:k])
