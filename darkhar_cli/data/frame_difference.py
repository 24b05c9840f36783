"""How much a clip changes from frame to frame, for `sampler=motion`: the same numbers on the host and in a graph."""

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from keras import ops

# OpenCV's integer weights of BT.601 luma for uint8 RGB, in 2**-15.
_WEIGHTS, _SHIFT = (9798, 19235, 3735), 15


def luma_changes(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the absolute luma difference (H, W) uint8 of each frame (H, W, 3) uint8 to the one before."""
    before = None
    for frame in frames:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        if before is not None:
            yield cv2.absdiff(grey, before)
        before = grey


def mean_change(change: np.ndarray) -> np.float32:
    """Return the mean of a luma difference (H, W) uint8, 0..1, from an exact sum."""
    return np.float32(np.float64(change.sum(dtype=np.int64)) / (255 * change.size))


def motion_of(frames: Iterable[np.ndarray]) -> np.ndarray:
    """Return the mean absolute luma difference of each frame to the one before, (n,) float32, 0..1.

    The first frame repeats the second; a single frame has none. Frames (H, W, 3) uint8 are taken one by one.
    """
    changes = [mean_change(change) for change in luma_changes(frames)]
    return np.array([changes[0] if changes else 0.0, *changes], np.float32)


def motion_in_graph(clip: Any) -> Any:
    """Return what `motion_of` does of a clip (n, H, W, 3) uint8, bit for bit, in a graph."""
    red, green, blue = (ops.cast(clip[..., i], "int32") * weight for i, weight in enumerate(_WEIGHTS))
    luma = ops.right_shift(red + green + blue + (1 << (_SHIFT - 1)), _SHIFT)
    _, height, width = ops.shape(luma)
    change = ops.sum(ops.cast(ops.abs(luma[1:] - luma[:-1]), "int64"), axis=(1, 2))
    mean = ops.cast(ops.cast(change, "float64") / ops.cast(255 * height * width, "float64"), "float32")
    first = ops.concatenate([mean, ops.zeros((1,), "float32")])[:1]
    return ops.concatenate([first, mean])
