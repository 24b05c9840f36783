"""Mean and deviation of dark clips brought to those of daylight pictures, in place of an enhancement of contrast."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from darkhar_cli.registry import register

# Of ImageNet's pictures, in levels: 255 times (0.485 + 0.456 + 0.406) / 3 and (0.229 + 0.224 + 0.225) / 3.
_MEAN, _DEVIATION = 114.495, 57.63
_LEAST = 1.0  # level: of a deviation, so that noise of a flat frame is not blown up


def dark_norm_on_host(
    frames: np.ndarray,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
    scope: str = "clip",
) -> np.ndarray:
    """Return what `dark_norm` does as float32 (N, H, W, 3), of uint8 or float frames."""
    out = frames.astype(np.float32)
    for i in [slice(None)] if scope == "clip" else [slice(i, i + 1) for i in range(len(out))]:
        out[i] = _normed(np, out[i], mean, deviation, (0, 1, 2))
    return out


@register("enhance", "dark_norm", host=dark_norm_on_host)
def dark_norm(
    frames: Any,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
    scope: str = "clip",
) -> Any:
    """Return `57.6 (v - mean) / deviation + 114.5`, clipped to 0..255, of frames (N, H, W, 3) float32, by channel.

    114.5 and 57.6 are ImageNet's mean and deviation (of all channels), which extractors' own preprocessing takes off
    again; mean and deviation are the dark data's, given in levels, or those of each clip or frame. Source: DarkNorm,
    github.com/jiuntian/darknorm, which gives a network the mean and deviation of the dark clips in place of those of
    the clips it was trained on.
    """
    return _normed(ops, frames, mean, deviation, (0, 1, 2) if scope == "clip" else (1, 2))


def _normed(
    xp: Any, frames: Any, mean: Sequence[float] | None, deviation: Sequence[float] | None, over: tuple[int, ...]
) -> Any:
    """Return normalised frames; statistics that are not given are taken over these axes."""
    mean = xp.mean(frames, axis=over, keepdims=True) if mean is None else np.array(mean, np.float32)
    rest = frames - mean
    if deviation is None:
        deviation = xp.sqrt(xp.mean(rest * rest, axis=over, keepdims=True))
    else:
        deviation = np.array(deviation, np.float32)
    return xp.clip(rest * (_DEVIATION / xp.maximum(deviation, _LEAST)) + _MEAN, 0.0, 255.0)
