"""One frame of each of so many equal segments: the sampling of temporal segment networks."""

from typing import Any

from darkhar_cli.randomness import randint
from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, FrameSampler, cast


@register("sampler", "segment")
class Segment(FrameSampler):
    """Segment i of k is the frames `i n // k` to `(i + 1) n // k - 1`; a frame is in one segment.

    In training a random one of each (mmaction2 `UniformSampleFrames`), in scoring the middle,
    `floor(i n / k + n / (2 k))`. Source: Wang et al., Temporal Segment Networks (2016).
    """

    def pick(self, xp: Any, n: Any, k: Any, draw: Draw) -> Any:
        """Return `k` distinct positions, ascending, int."""
        index, n, k = xp.arange(k, dtype="int64"), cast(xp, n, "int64"), cast(xp, k, "int64")
        if not draw.training:
            return (2 * index + 1) * n // (2 * k)
        first = index * n // k
        return first + randint(xp, draw.key, index, (index + 1) * n // k - first)
