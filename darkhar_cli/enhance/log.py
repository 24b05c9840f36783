"""Logarithmic transform."""

from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.enhance import levels
from darkhar_cli.registry import register


def log_on_host(frames: np.ndarray, v: float = 30.0) -> np.ndarray:
    """Return what `log` does as float32 (N, H, W, 3): uint8 frames through a table, float ones by OpenCV."""
    if frames.dtype == np.uint8:
        return levels.look_up(frames, 255.0 / np.log1p(v) * np.log1p(v * np.arange(256) / 255.0))
    out = frames * np.float32(v / 255.0)
    out += np.float32(1.0)
    for frame in out:
        cv2.log(frame, frame)
    out *= np.float32(255.0 / np.log1p(v))
    return out


@register("enhance", "log", host=log_on_host)
def log(frames: Any, v: float = 30.0) -> Any:
    """Return `c log(1 + v I)` of frames (N, H, W, 3) float32 0..255, with I in 0..1 and c such that 255 stays 255.

    Source: Gonzalez and Woods, Digital Image Processing, log transformations (v = 255 there).
    """
    return float(255.0 / np.log1p(v)) * ops.log(1.0 + (v / 255.0) * frames)
