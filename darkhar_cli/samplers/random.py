"""Random frames without replacement, in order."""

from typing import Any

from darkhar_cli.randomness import order
from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Sampler


@register("sampler", "random")
class Random(Sampler):
    """The first `frames` of a permutation drawn by (seed, epoch, clip), put in order."""

    def pick(self, xp: Any, n: Any, k: Any, key: Any) -> Any:
        """Return `k` distinct positions, ascending, int."""
        return xp.sort(order(xp, key, n)[:k])
