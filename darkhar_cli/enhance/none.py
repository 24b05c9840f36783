"""Frames as they are."""

from typing import Any

from darkhar_cli.registry import register


@register("enhance", "none", host=lambda frames: frames)
def none(frames: Any) -> Any:
    """Return the frames, (N, H, W, 3) float32 0..255, unchanged."""
    return frames
