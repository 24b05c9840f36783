"""Contrast limited adaptive histogram equalisation (CLAHE) of luma."""

from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.enhance import levels
from darkhar_cli.registry import register

_LEVELS = 256


def clahe_on_host(frames: np.ndarray, clip_limit: float = 2.0, tiles: int = 8, scope: str = "frame") -> np.ndarray:
    """Return what `clahe` does as uint8 (N, H, W, 3), of uint8 or float frames, by OpenCV."""
    frames = np.ascontiguousarray(levels.whole_levels(frames))
    luma = np.stack([cv2.extractChannel(cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb), 0) for frame in frames])
    if scope == "clip":
        equalised = _equalise_clip(luma, clip_limit, tiles)
    else:
        equaliser = cv2.createCLAHE(clip_limit, (tiles, tiles))
        equalised = (equaliser.apply(frame) for frame in luma)
    out = np.empty_like(frames)
    for frame, old, new, place in zip(frames, luma, equalised, out, strict=True):
        change = cv2.merge([cv2.subtract(new, old, dtype=cv2.CV_16S)] * 3)
        cv2.add(frame, change, place, dtype=cv2.CV_8U)
    return out


def _equalise_clip(luma: np.ndarray, clip_limit: float, tiles: int) -> Any:
    """Yield each frame (H, W) uint8 of a clip's luma (T, H, W) uint8, equalised by tables of the whole clip."""
    n, height, width = luma.shape
    rows, columns, tall, wide = _grid(np, height, width, tiles)
    of_tile = (np.arange(len(rows)) // tall)[:, None] * tiles + np.arange(len(columns)) // wide
    counts = np.zeros(tiles * tiles * _LEVELS, np.int64)
    for frame in luma:
        counts += np.bincount((of_tile * _LEVELS + frame[rows][:, columns]).ravel(), minlength=len(counts))
    tables = _tables(np, counts.reshape(-1, _LEVELS).astype(np.int32), tall * wide * n, clip_limit)
    for frame in luma:
        yield _blend(np, tables.ravel(), frame[None].astype(np.int32), 1, (tall, wide), tiles)[0].astype(np.uint8)


@register("enhance", "clahe", host=clahe_on_host)
def clahe(frames: Any, clip_limit: float = 2.0, tiles: int = 8, scope: str = "frame") -> Any:
    """Equalise luma (Y of YCrCb) tile by tile and keep Cr and Cb, (N, H, W, 3) float32 0..255 -> same, whole levels.

    The change of Y is added to R, G and B, which is the same as to change Y alone, without rounding Cr and Cb.
    As `cv2.createCLAHE` does it, within one level (float rounding): `tiles` by `tiles` histograms, of each frame or of
    the clip, cut at `clip_limit` times their mean, what is cut spread over all levels, and bilinear blending of the
    four nearest tiles' tables. Source: Zuiderveld, Contrast Limited Adaptive Histogram Equalization, Graphics Gems IV.
    """
    n, height, width, _ = ops.shape(frames)
    whole = ops.cast(ops.round(ops.clip(frames, 0.0, 255.0)), "int32")
    # OpenCV's fixed point BT.601, bit for bit
    luma = (whole[..., 0] * 4899 + whole[..., 1] * 9617 + whole[..., 2] * 1868 + (1 << 13)) // (1 << 14)
    rows, columns, tall, wide = _grid(ops, height, width, tiles)
    padded = ops.take(ops.take(luma, rows, axis=1), columns, axis=2)
    of_tile = (ops.arange(tall * tiles, dtype="int32") // tall)[:, None] * tiles
    of_tile = of_tile + ops.arange(wide * tiles, dtype="int32") // wide
    of_tile = of_tile[None] + ops.arange(n, dtype="int32")[:, None, None] * tiles**2
    flat = ops.reshape(of_tile * _LEVELS + padded, (-1,))
    counts = ops.segment_sum(ops.ones_like(flat), flat, num_segments=n * tiles**2 * _LEVELS)
    counts = ops.reshape(counts, (n, tiles**2, _LEVELS))
    together, area = (1, tall * wide * n) if scope == "clip" else (n, tall * wide)
    if scope == "clip":
        counts = ops.sum(counts, axis=0)
    tables = _tables(ops, ops.reshape(counts, (together * tiles**2, _LEVELS)), area, clip_limit)
    equalised = _blend(ops, ops.reshape(tables, (-1,)), luma, together, (tall, wide), tiles)
    change = ops.cast(equalised, "int32") - luma
    return ops.cast(ops.clip(whole + change[..., None], 0, 255), frames.dtype)


def _grid(xp: Any, height: Any, width: Any, tiles: int) -> tuple[Any, Any, Any, Any]:
    """Return which rows and columns the padded frame shows, int, and a tile's height and width in pixels.

    As OpenCV: where either side does not divide, both grow at their end, a side that divides by a full `tiles`.
    """
    over = height % tiles + width % tiles
    uneven = (over + 2 * tiles - 2) // (2 * tiles - 1)  # 0 where both divide, else 1; ints and tensors alike
    tall = height // tiles + uneven
    wide = width // tiles + uneven
    return _reflected(xp, tall * tiles, height), _reflected(xp, wide * tiles, width), tall, wide


def _reflected(xp: Any, padded: Any, size: Any) -> Any:
    """Return the indices 0, ..., size - 1, size - 2, ... of a side that is reflected about its last pixel."""
    period = xp.maximum(2 * (size - 1), 1)
    index = xp.arange(padded, dtype="int32") % period
    return xp.minimum(index, period - index)


def _tables(xp: Any, counts: Any, area: Any, clip_limit: float) -> Any:
    """Return the level (float32, whole) that each level becomes, (P, 256), from tiles' histograms (P, 256) int32."""
    if isinstance(area, int):
        limit = max(int(clip_limit * area / _LEVELS), 1)
    else:
        limit = xp.maximum(xp.cast(clip_limit * xp.cast(area, "float32") / _LEVELS, "int32"), 1)
    excess = xp.sum(xp.maximum(counts - limit, 0), axis=1, keepdims=True)
    share, rest = excess // _LEVELS, excess % _LEVELS
    step = xp.maximum(_LEVELS // xp.maximum(rest, 1), 1)
    level = xp.arange(_LEVELS, dtype="int32")[None, :]
    gets_one = (level % step == 0) & (level // step < rest)
    counts = xp.minimum(counts, limit) + share + xp.where(gets_one, 1, 0)
    below = _float(xp, xp.cumsum(counts, axis=1))
    return xp.clip(xp.round(below * (_float(xp, 255) / _float(xp, area))), 0.0, 255.0)


def _blend(xp: Any, tables: Any, luma: Any, together: Any, tile: tuple[Any, Any], tiles: int) -> Any:
    """Return luma (N, H, W) through the tables, float32 and whole.

    Args:
        xp: NumPy or keras.ops.
        tables: of `together` (N or 1) frames, flat.
        luma: whole levels, int32.
        together: 1 where all frames share the tables.
        tile: its height and width in pixels.
        tiles: on each side.
    """
    n, height, width = xp.shape(luma)
    y0, y1, down = _nearest_tiles(xp, height, tile[0], tiles)
    x0, x1, right = _nearest_tiles(xp, width, tile[1], tiles)
    frame = xp.minimum(xp.arange(n, dtype="int32"), together - 1)[:, None, None] * tiles**2

    def through(y: Any, x: Any) -> Any:
        return xp.take(tables, (frame + (y[:, None] * tiles + x)[None]) * _LEVELS + luma)

    upper = through(y0, x0) * (1.0 - right) + through(y0, x1) * right
    lower = through(y1, x0) * (1.0 - right) + through(y1, x1) * right
    down = down[:, None]
    return xp.clip(xp.round(upper * (1.0 - down) + lower * down), 0.0, 255.0)


def _nearest_tiles(xp: Any, size: Any, tile: Any, tiles: int) -> tuple[Any, Any, Any]:
    """Return for each pixel of a side the tile before and after it, int, and how much of the second, float32."""
    place = _float(xp, xp.arange(size, dtype="int32")) * (_float(xp, 1) / _float(xp, tile)) - _float(xp, 0.5)
    before = xp.floor(place)
    index = before.astype(np.int32) if xp is np else xp.cast(before, "int32")
    return xp.maximum(index, 0), xp.minimum(index + 1, tiles - 1), place - before


def _float(xp: Any, value: Any) -> Any:
    """Return a value as float32, in NumPy or a graph."""
    return np.asarray(value, np.float32) if xp is np else xp.cast(value, "float32")
