"""What every enhancement is: `(N, H, W, 3) float32 0..255 -> same shape and range`, a pure function in `keras.ops`.

An enhancement takes each frame on its own (scope `frame`) or is called with one clip's sampled frames (T, H, W, 3)
at a time (scope `clip`), for what needs statistics over a clip or frames in order. Where users choose, it has a
parameter `scope`; else the trait says.

Traits, given to `@register("enhance", name, ...)`:

    scope   `frame` (default) or `clip`; not for an enhancement with a parameter `scope`
    host    a function of NumPy frames (N, H, W, 3), uint8 or float32, and the same parameters, that gives the same
            numbers faster outside of a graph, as uint8 or float32
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from darkhar_cli import registry


class Enhancement(Protocol):
    """What is registered as an enhancement.

    Example: `gamma(frames, gamma=0.4)` brightens frames (N, H, W, 3) float32 0..255.
    """

    def __call__(self, frames: Any, **parameters: Any) -> Any:
        """Return frames (N, H, W, 3) float32 0..255, of the shape of those given; constant frames stay finite."""


def scope_of(part: Enhancement, parameters: Mapping[str, Any]) -> str:
    """Return `frame` or `clip`: an enhancement's parameter `scope` (given or default), else its trait."""
    choice = inspect.signature(part).parameters.get("scope")
    if choice is None:
        return getattr(part, "scope", "frame")
    return parameters.get("scope", choice.default)


def chain_scope(chain: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return `clip` where any enhancement of a chain takes the whole clip, else `frame`."""
    scopes = {scope_of(registry.get("enhance", name), parameters) for name, parameters in chain}
    return "clip" if "clip" in scopes else "frame"
