"""Histogram equalisation of each colour channel of each frame."""

from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.registry import register

_LEVELS = 256


def equalise_on_host(frames: np.ndarray) -> np.ndarray:
    """Return what `histeq` does as uint8 (N, H, W, 3), of uint8 or float frames, by OpenCV: same bits, less time."""
    levels = frames if frames.dtype == np.uint8 else np.rint(np.clip(frames, 0.0, 255.0)).astype(np.uint8)
    out = np.empty_like(levels)
    for frame, place in zip(np.ascontiguousarray(levels), out, strict=True):
        counts = [cv2.calcHist([frame], [channel], None, [_LEVELS], [0, _LEVELS]).ravel() for channel in range(3)]
        table = _look_up_table(np, np.stack(counts).astype(np.int64))  # OpenCV counts in float32: exact to 2**24
        cv2.LUT(frame, np.ascontiguousarray(table.T.astype(np.uint8))[None], place)
    return out


@register("enhance", "histeq", host=equalise_on_host)
def histeq(frames: Any) -> Any:
    """Equalise each channel of each frame on its own, (N, H, W, 3) float32 0..255 -> same.

    Equal bit for bit to `keras_cv.layers.Equalization((0, 255))` on whole grey levels (others are rounded
    first): with the histogram h and `step = (sum h - smallest non-zero h) // 255`, level i becomes
    `(h_0 + ... + h_{i-1} + step // 2) // step`; a channel with step 0 (constant, nearly so) is kept. PIL's
    `ImageOps.equalize` takes the last non-zero h instead and may differ by one level.
    Counts come from a segment sum, which runs eagerly, in graphs and under XLA.
    """
    n, height, width, channels = ops.shape(frames)
    levels = ops.cast(ops.round(ops.clip(frames, 0.0, 255.0)), "int32")
    planes = ops.reshape(ops.transpose(levels, (0, 3, 1, 2)), (n * channels, height * width))
    offsets = ops.arange(n * channels, dtype="int32")[:, None] * _LEVELS
    flat = ops.reshape(planes + offsets, (-1,))
    counts = ops.segment_sum(ops.ones_like(flat), flat, num_segments=n * channels * _LEVELS)
    table = _look_up_table(ops, ops.reshape(counts, (n * channels, _LEVELS)))
    equalised = ops.reshape(ops.take(ops.reshape(table, (-1,)), flat), (n, channels, height, width))
    return ops.cast(ops.transpose(equalised, (0, 2, 3, 1)), frames.dtype)


def _look_up_table(xp: Any, counts: Any) -> Any:
    """Return the level that each level becomes, (P, 256), from histograms (P, 256), integers."""
    level = xp.arange(_LEVELS, dtype="int32")[None, :]
    total = xp.sum(counts, axis=1, keepdims=True)
    smallest = xp.min(xp.where(counts > 0, counts, total), axis=1, keepdims=True)
    step = (total - smallest) // 255
    below = xp.cumsum(counts, axis=1) - counts
    safe = xp.maximum(step, 1)
    return xp.where(step > 0, xp.minimum((below + step // 2) // safe, 255), level)
