"""Showing a frame as its display matrix says: phones film sideways, selfies are mirrored.

The matrix (ISO/IEC 14496-12, 6.2.2) sends a stored point (x, y) to (a x + c y, b x + d y). Mirrors, flips, quarter
turns and transposes move whole pixels. Any other angle is turned about the frame's middle on a canvas of the same
size with black corners, bilinear, as ffmpeg does.
"""

import math
from typing import cast

import av
import cv2
import numpy as np

_ALMOST = math.tan(math.radians(1))  # a turn within one degree of a quarter is that quarter, as in ffmpeg


def display_matrix(frame: av.VideoFrame) -> tuple[float, float, float, float]:
    """Return (a, b, c, d) of a frame's display matrix, each axis of unit length; (1, 0, 0, 1) where it has none."""
    try:
        data = frame.side_data.get("DISPLAYMATRIX") if len(frame.side_data) else None
    except (KeyError, ValueError):  # side data that PyAV does not know by name
        return _turned(frame.rotation)
    if data is None:
        return 1.0, 0.0, 0.0, 1.0
    a, b, _, c, d = np.frombuffer(cast(bytes, data), np.int32)[:5].astype(float).tolist()
    across, down = math.hypot(a, b), math.hypot(c, d)
    if not across or not down:  # nothing could be seen of it
        return 1.0, 0.0, 0.0, 1.0
    return a / across, b / across, c / down, d / down


def _turned(degrees: float) -> tuple[float, float, float, float]:
    """Return the matrix of a turn counterclockwise."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return cosine, -sine, sine, cosine


def shown_shape(frame: av.VideoFrame) -> tuple[int, int]:
    """Return (height, width) of a frame as shown."""
    a, _, _, d = display_matrix(frame)
    swapped = abs(a) < _ALMOST and abs(d) < _ALMOST
    return (frame.width, frame.height) if swapped else (frame.height, frame.width)


def show(pixels: np.ndarray, matrix: tuple[float, float, float, float]) -> np.ndarray:
    """Return stored pixels (H, W, 3) uint8 as the matrix (a, b, c, d) shows them."""
    a, b, c, d = matrix
    if abs(b) < _ALMOST and abs(c) < _ALMOST:
        return pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    if abs(a) < _ALMOST and abs(d) < _ALMOST:
        return pixels.swapaxes(0, 1)[:: -1 if b < 0 else 1, :: -1 if c < 0 else 1]
    height, width = pixels.shape[:2]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    turn = np.array([[a, c], [b, d]])
    affine = np.column_stack([turn, middle - turn @ middle])
    return cv2.warpAffine(np.ascontiguousarray(pixels), affine, (width, height), flags=cv2.INTER_LINEAR)
