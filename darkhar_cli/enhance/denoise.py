"""Temporal denoising: a median or a recursive mean over a clip's frames."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.registry import register


def denoise_on_host(frames: np.ndarray, method: str = "median", window: int = 3, weight: float = 0.5) -> np.ndarray:
    """Return what `denoise` does (T, H, W, 3): a median in the type of the frames, a recursive mean as float32."""
    if method == "median":
        near = _neighbours(np, len(frames), window)
        out = np.empty_like(frames)
        for i, place in enumerate(out):
            np.copyto(place, _median(np, [frames[row[i]] for row in near]))
        return out
    out, mean = np.empty(frames.shape, np.float32), frames[0].astype(np.float32)
    for frame, place in zip(frames, out, strict=True):
        cv2.accumulateWeighted(frame, mean, weight)  # leaves the first frame as it is
        np.copyto(place, mean)
    return out


@register("enhance", "denoise", scope="clip", host=denoise_on_host)
def denoise(frames: Any, method: str = "median", window: int = 3, weight: float = 0.5) -> Any:
    """Return one clip's frames (T, H, W, 3) float32 0..255, each a mix of itself and of its neighbours in the sample.

    `median`: of `window` frames about each (the first and last frame are repeated beyond the ends). `recursive`:
    `y_0 = x_0`, `y_t = weight x_t + (1 - weight) y_{t-1}`. Neighbours are those that the sampler picked: where they
    lie far apart in the clip, what moves is mixed too.
    """
    n, height, width, channels = ops.shape(frames)
    if method == "median":
        return _median(ops, [ops.take(frames, row, axis=0) for row in _neighbours(ops, n, window)])
    now, then = ops.arange(n, dtype="float32")[:, None], ops.arange(n, dtype="float32")[None, :]
    share = (1.0 - weight) ** ops.maximum(now - then, 0.0) * ops.where(then > 0, weight, 1.0)
    mixed = ops.matmul(ops.where(then <= now, share, 0.0), ops.reshape(frames, (n, height * width * channels)))
    return ops.clip(ops.reshape(mixed, (n, height, width, channels)), 0.0, 255.0)


def _neighbours(xp: Any, n: Any, window: int) -> list[Any]:
    """Return, for each place in the window, which of `n` frames is there for each frame, int (n,)."""
    index = xp.arange(n, dtype="int32")
    return [xp.clip(index + offset, 0, n - 1) for offset in range(-(window // 2), window // 2 + 1)]


def _median(xp: Any, frames: Sequence[Any]) -> Any:
    """Return the median of an odd number of arrays: the largest is pushed to the end until the middle is reached."""
    frames = list(frames)
    for end in range(len(frames) - 1, len(frames) // 2 - 1, -1):
        for i in range(end):
            low, high = frames[i], frames[i + 1]
            frames[i], frames[i + 1] = xp.minimum(low, high), xp.maximum(low, high)
    return frames[len(frames) // 2]
