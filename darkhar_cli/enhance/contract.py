"""What every enhancement is: `(N, H, W, 3) float32 0..255 -> same shape and range`, a pure function in `keras.ops`.

Traits, given to `@register("enhance", name, ...)`:

    scope   `frame` (default): each frame on its own; `clip`: called with one clip's sampled frames (T, H, W, 3) at a
            time, for what needs statistics over a clip
    host    a function of NumPy frames (N, H, W, 3), uint8 or float32, that gives the same numbers faster outside of
            a graph, as uint8 or float32
"""

from collections.abc import Mapping, Sequence
from typing import Any

from darkhar_cli import registry


def chain_scope(chain: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return `clip` where any enhancement of a chain looks at the whole clip, else `frame`."""
    scopes = {getattr(registry.get("enhance", name), "scope", "frame") for name, _ in chain}
    return "clip" if "clip" in scopes else "frame"
