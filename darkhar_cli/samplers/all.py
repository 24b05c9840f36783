"""Every frame."""

from typing import Any

from darkhar_cli.registry import register
from darkhar_cli.samplers.contract import Draw, Sampler, cast


@register("sampler", "all")
class All(Sampler):
    """Positions `0, 1, ..., n - 1`: T is each clip's own length."""

    def sample(self, xp: Any, n: Any, fps: Any, draw: Draw) -> tuple[Any, Any]:
        """Return positions and mask (1, n)."""
        positions = cast(xp, xp.arange(n, dtype="int32"), "float32")[None]
        return positions, xp.ones_like(positions, dtype="bool")

    def count(self, xp: Any, n: Any, fps: Any = None, training: bool = False) -> Any:
        """Return T = n."""
        return n

    def timeline_fps(self, clip_fps: float | None) -> float | None:
        """Return the clip's frames per second."""
        return clip_fps or None
