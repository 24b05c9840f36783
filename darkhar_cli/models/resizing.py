"""Frames made larger or smaller: bilinear, but where an axis shrinks by 2 or more the mean over an area.

Bilinear interpolation looks at two pixels of each axis whatever the factor, so that from 2 on it leaves pixels out and
aliases. The area mean weighs every pixel by how much of it lies under the new one, as cv2.INTER_AREA does.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

_SHRINKS = 2  # by so much or more: the mean over an area


def resized(frames: Any, size: Sequence[int]) -> Any:
    """Return frames (N, H, W, 3) float32 at another size (height, width), in a graph, under XLA or eager."""
    height, width = ops.shape(frames)[1:3]
    if isinstance(height, int) and isinstance(width, int):
        if height < _SHRINKS * size[0] and width < _SHRINKS * size[1]:
            return _bilinear(frames, size)
        return _area(frames, height, width, size)
    shrinks = ops.logical_or(height >= _SHRINKS * size[0], width >= _SHRINKS * size[1])
    return ops.cond(shrinks, lambda: _area(frames, height, width, size), lambda: _bilinear(frames, size))


def _bilinear(frames: Any, size: Sequence[int]) -> Any:
    return ops.image.resize(frames, size, interpolation="bilinear")


def _area(frames: Any, height: Any, width: Any, size: Sequence[int]) -> Any:
    for axis, old, new in ((1, height, size[0]), (2, width, size[1])):
        pixels, weights = box_filter(np if isinstance(old, int) else ops, old, new)
        picked = ops.take(frames, pixels, axis=axis)
        behind = (1,) * (3 - axis)
        frames = ops.sum(picked * ops.reshape(weights, (*ops.shape(weights), *behind)), axis=axis + 1)
    return frames


def box_filter(xp: Any, old: Any, new: int) -> tuple[Any, Any]:
    """Return which pixels of an axis make each new one, (new, k) int32, and their weights (new, k) float32, sum 1.

    Each new pixel is a box around its centre, as wide as it was before where the axis shrinks, else one pixel, which
    is linear interpolation; at the border the part inside counts. All in whole numbers (of 1 / 2 new pixels), so that
    NumPy (`xp=numpy`) and a graph (`xp=keras.ops`) agree to the last bit.

    Args:
        old, new: lengths; `old` may be a scalar tensor where `xp` is keras.ops.
    """
    old = xp.cast(old, "int32") if xp is not np else old
    half, unit = xp.maximum(old, new), 2 * new
    centre = (2 * xp.arange(new, dtype="int32") + 1) * old
    low, high = xp.maximum(centre - half, 0), xp.minimum(centre + half, unit * old)
    first, last = low // unit, (high - 1) // unit
    count = xp.max(last - first) + 1
    pixels = first[:, None] + xp.arange(count, dtype="int32")[None]
    low, high = low[:, None], high[:, None]
    under = xp.minimum(high, unit * (pixels + 1)) - xp.maximum(low, unit * pixels)
    under = xp.maximum(under, 0)
    if xp is np:
        return np.minimum(pixels, old - 1), (under / (high - low)).astype("float32")
    share = xp.cast(under, "float64") / xp.cast(high - low, "float64")
    return xp.minimum(pixels, old - 1), xp.cast(share, "float32")
