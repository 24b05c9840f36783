"""Gamma correction that brings the mean luma to a target."""

from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.enhance import levels
from darkhar_cli.registry import register

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_LEAST, _MOST = 0.2, 1.0  # bounds of the exponent: 0.2 makes level 1 of 255 level 84; above 1 would darken


def adaptive_gamma_on_host(frames: np.ndarray, target: float = 0.4, scope: str = "clip") -> np.ndarray:
    """Return what `adaptive_gamma` does as float32 (N, H, W, 3), of uint8 or float frames, by OpenCV."""
    means = np.array([np.dot(cv2.mean(frame)[:3], _LUMA) for frame in frames])
    return levels.power(frames, _exponent(np, means.mean(keepdims=True) if scope == "clip" else means, target))


@register("enhance", "adaptive_gamma", host=adaptive_gamma_on_host)
def adaptive_gamma(frames: Any, target: float = 0.4, scope: str = "clip") -> Any:
    """Return `255 (v / 255) ** g` of frames (N, H, W, 3) float32 0..255, brightened by `g = log target / log m`.

    m is the mean luma (BT.601, 0..1) of the clip or of each frame, so that `m ** g = target`; g is kept within 0.2..1,
    so bright frames stay as they are. The mean of powers is not the power of the mean: on uneven frames the result's
    mean luma is near the target, mostly below it.
    """
    luma = ops.sum(ops.mean(frames, axis=(1, 2)) * ops.convert_to_tensor(_LUMA, "float32"), axis=-1)
    luma = ops.mean(luma, keepdims=True) if scope == "clip" else luma
    return 255.0 * ops.power(frames / 255.0, _exponent(ops, luma, target)[:, None, None, None])


def _exponent(xp: Any, luma: Any, target: float) -> Any:
    """Return the exponent that takes a mean luma (0..255) to the target (0..1)."""
    mean = xp.clip(luma / 255.0, 1e-6, 1.0 - 1e-6)
    return xp.clip(float(np.log(target)) / xp.log(mean), _LEAST, _MOST)
