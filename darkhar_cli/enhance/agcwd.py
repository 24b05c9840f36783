"""Adaptive gamma correction with weighting distribution."""

from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.enhance import levels
from darkhar_cli.registry import register

_LEVELS = 256


def agcwd_on_host(frames: np.ndarray, alpha: float = 0.75, min_gamma: float = 0.5, scope: str = "clip") -> np.ndarray:
    """Return what `agcwd` does as float32 (N, H, W, 3), of uint8 or float frames, by OpenCV."""
    values = np.stack([levels.whole_levels(np.maximum.reduce(cv2.split(frame))) for frame in frames])
    counts = np.stack([cv2.calcHist([v], [0], None, [_LEVELS], [0, _LEVELS]).ravel() for v in values])
    counts = counts.astype(np.float64)
    if scope == "clip":
        counts = counts.sum(0, keepdims=True)
    gains = _gains(np, counts, alpha, min_gamma).astype(np.float32)
    out = np.empty(frames.shape, np.float32)
    for frame, value, gain, place in zip(frames, values, np.broadcast_to(gains, (len(out), _LEVELS)), out, strict=True):
        gain = np.ascontiguousarray(gain)
        cv2.multiply(frame, cv2.merge([cv2.LUT(value, gain)] * 3), place, dtype=cv2.CV_32F)
    return np.minimum(out, np.float32(255.0), out=out)


@register("enhance", "agcwd", host=agcwd_on_host)
def agcwd(frames: Any, alpha: float = 0.75, min_gamma: float = 0.5, scope: str = "clip") -> Any:
    """Return frames (N, H, W, 3) float32 0..255 whose HSV value V became `255 (V / 255) ** max(1 - c(V), min_gamma)`.

    Hue and saturation are kept: the three channels share one gain. c is the cumulated, normalised weighted
    distribution `((p - min p) / (max p - min p)) ** alpha` of the histogram p of V, in whole levels, of the clip or of
    each frame. Sources: Huang, Cheng and Chiu, Efficient Contrast Enhancement Using Adaptive Gamma Correction With
    Weighting Distribution, IEEE TIP 2013 (min_gamma 0: a dark frame's brightest levels become white whatever they
    were); Cao et al., Contrast enhancement of brightness-distorted images by improved adaptive gamma correction, 2018
    (dimmed images: alpha 0.75, min_gamma 0.5, the defaults).
    """
    n, height, width, _ = ops.shape(frames)
    value = ops.cast(ops.round(ops.clip(ops.max(frames, axis=-1), 0.0, 255.0)), "int32")
    offsets = ops.arange(n, dtype="int32")[:, None] * _LEVELS
    flat = ops.reshape(ops.reshape(value, (n, height * width)) + offsets, (-1,))
    counts = ops.segment_sum(ops.ones_like(flat), flat, num_segments=n * _LEVELS)
    counts = ops.cast(ops.reshape(counts, (n, _LEVELS)), "float32")
    if scope == "clip":
        counts, flat = ops.sum(counts, axis=0, keepdims=True), ops.reshape(value, (-1,))
    gain = ops.take(ops.reshape(_gains(ops, counts, alpha, min_gamma), (-1,)), flat)
    return ops.minimum(frames * ops.reshape(gain, (n, height, width, 1)), 255.0)


def _gains(xp: Any, counts: Any, alpha: float, min_gamma: float) -> Any:
    """Return what a pixel of each level is multiplied by, (P, 256), from histograms (P, 256), float."""
    low, high = xp.min(counts, axis=1, keepdims=True), xp.max(counts, axis=1, keepdims=True)
    weights = ((counts - low) / xp.maximum(high - low, 1.0)) ** alpha
    weights = xp.where(high > low, weights, xp.ones_like(weights))
    below = xp.cumsum(weights, axis=1) / xp.sum(weights, axis=1, keepdims=True)
    level = xp.arange(1, _LEVELS, dtype="float32")[None, :]
    gains = (level / 255.0) ** (xp.maximum(1.0 - below, min_gamma)[:, 1:] - 1.0)
    return xp.concatenate([gains[:, :1], gains], axis=1)  # level 0 (float values below 0.5) as level 1
