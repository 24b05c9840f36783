"""What enhancements share on the host: grey levels, look-up tables, powers; NumPy frames (N, H, W, 3)."""

import cv2
import numpy as np


def whole_levels(frames: np.ndarray) -> np.ndarray:
    """Return uint8 frames as they are, float ones rounded (half to even) to uint8."""
    return frames if frames.dtype == np.uint8 else np.rint(np.clip(frames, 0.0, 255.0)).astype(np.uint8)


def look_up(frames: np.ndarray, table: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Return `table[frames]` float32, in `out` where given, of uint8 frames and a table (256,)."""
    out = np.empty(frames.shape, np.float32) if out is None else out
    rows = (len(frames), -1)
    cv2.LUT(np.ascontiguousarray(frames).reshape(rows), table.astype(np.float32), out.reshape(rows))
    return out


def power(frames: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Return `255 (v / 255) ** g` float32 of uint8 or float frames, with an exponent for each (N,) or for all (1,)."""
    if frames.dtype != np.uint8:
        return _power_of_floats(frames, exponents)
    out = np.empty(frames.shape, np.float32)
    step = len(frames) if len(exponents) == 1 else 1
    for i, exponent in enumerate(exponents):
        table = 255.0 * (np.arange(256) / 255.0) ** float(exponent)
        look_up(frames[i * step : (i + 1) * step], table, out[i * step : (i + 1) * step])
    return out


def _power_of_floats(frames: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    out = frames / np.float32(255.0)
    for frame, exponent in zip(out, np.broadcast_to(exponents, len(out)), strict=True):
        cv2.pow(frame, float(exponent), frame)  # frame by frame: its bits do not depend on how many there are
    out *= np.float32(255.0)
    return out
