"""Histogram equalisation of each colour channel."""

from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.enhance import levels
from darkhar_cli.registry import register

_LEVELS = 256


def equalise_on_host(frames: np.ndarray, scope: str = "frame") -> np.ndarray:
    """Return what `histeq` does as uint8 (N, H, W, 3), of uint8 or float frames, by OpenCV: same bits, less time."""
    frames = np.ascontiguousarray(levels.whole_levels(frames))
    if scope == "clip":
        table = _table_on_host(np.sum([_counts_on_host(frame) for frame in frames], axis=0))
        return cv2.LUT(frames.reshape(1, -1, 3), table).reshape(frames.shape)
    out = np.empty_like(frames)
    for frame, place in zip(frames, out, strict=True):
        cv2.LUT(frame, _table_on_host(_counts_on_host(frame)), place)
    return out


def _counts_on_host(frame: np.ndarray) -> np.ndarray:
    """Return the histogram of each channel of a frame, (3, 256)."""
    counts = [cv2.calcHist([frame], [channel], None, [_LEVELS], [0, _LEVELS]).ravel() for channel in range(3)]
    return np.stack(counts).astype(np.int64)  # OpenCV counts in float32: exact to 2**24


def _table_on_host(counts: np.ndarray) -> np.ndarray:
    """Return OpenCV's table of three channels, (1, 256, 3)."""
    return np.ascontiguousarray(_look_up_table(np, counts).T.astype(np.uint8))[None]


@register("enhance", "histeq", host=equalise_on_host)
def histeq(frames: Any, scope: str = "frame") -> Any:
    """Equalise each channel, of each frame or of the clip, (N, H, W, 3) float32 0..255 -> same.

    Of each frame, equal bit for bit to `keras_cv.layers.Equalization((0, 255))` on whole grey levels (others are
    rounded first): with the histogram h and `step = (sum h - smallest non-zero h) // 255`, level i becomes
    `(h_0 + ... + h_{i-1} + step // 2) // step`; a channel with step 0 (constant, nearly so) is kept. PIL's
    `ImageOps.equalize` takes the last non-zero h instead and may differ by one level.
    Counts come from a segment sum, which runs eagerly, in graphs and under XLA.
    """
    n, height, width, channels = ops.shape(frames)
    whole = ops.cast(ops.round(ops.clip(frames, 0.0, 255.0)), "int32")
    together = 1 if scope == "clip" else n
    of_frame = ops.minimum(ops.arange(n, dtype="int32"), together - 1)[:, None] * channels
    plane = of_frame + ops.arange(channels, dtype="int32")
    flat = ops.reshape(whole + plane[:, None, None, :] * _LEVELS, (-1,))
    counts = ops.segment_sum(ops.ones_like(flat), flat, num_segments=together * channels * _LEVELS)
    table = _look_up_table(ops, ops.reshape(counts, (together * channels, _LEVELS)))
    equalised = ops.reshape(ops.take(ops.reshape(table, (-1,)), flat), (n, height, width, channels))
    return ops.cast(equalised, frames.dtype)


def _look_up_table(xp: Any, counts: Any) -> Any:
    """Return the level that each level becomes, (P, 256), from histograms (P, 256), integers."""
    level = xp.arange(_LEVELS, dtype="int32")[None, :]
    total = xp.sum(counts, axis=1, keepdims=True)
    smallest = xp.min(xp.where(counts > 0, counts, total), axis=1, keepdims=True)
    step = (total - smallest) // 255
    below = xp.cumsum(counts, axis=1) - counts
    safe = xp.maximum(step, 1)
    return xp.where(step > 0, xp.minimum((below + step // 2) // safe, 255), level)
