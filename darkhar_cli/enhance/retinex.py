"""Single- and multi-scale Retinex, with or without colour restoration."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from keras import ops

from darkhar_cli.registry import register

_ALPHA = 125.0  # colour restoration's gain of a channel's share; Jobson et al.
_EVERY = 4  # rows and columns that the output range is taken from
_FLAT = 1e-3  # a range of R (natural logarithm) without detail
_SIGMAS = (0.03, 0.16, 0.5)
_LONG = 4096  # pixels of a side whose matrix (size, size) is still taken apart
_WIDE = 0.02  # sigma as a share of a long side, from which on its Gaussian has a low rank


def retinex_on_host(
    frames: np.ndarray,
    sigmas: Sequence[float] = _SIGMAS,
    colour: bool = False,
    cut: int = 1,
    scope: str = "frame",
) -> np.ndarray:
    """Return what `retinex` does as float32 (N, H, W, 3), of uint8 or float frames, with Gaussians of low rank."""
    out = np.empty(frames.shape, np.float32)
    for frame, place in zip(frames, out, strict=True):
        planes = np.stack(cv2.split(frame)).astype(np.float32)
        cv2.merge(list(_ratio_on_host(planes, tuple(sigmas), colour)), place)
    for i in [slice(None)] if scope == "clip" else [slice(i, i + 1) for i in range(len(out))]:
        low, high = _range(np, out[i, ::_EVERY, ::_EVERY].reshape(1, -1), cut)
        if high - low < _FLAT:
            out[i] = frames[i]
            continue
        out[i] -= low[0]
        out[i] *= np.float32(255.0) / (high - low)[0]
    return np.clip(out, 0.0, 255.0, out=out)


@register("enhance", "retinex", host=retinex_on_host)
def retinex(
    frames: Any,
    sigmas: Sequence[float] = _SIGMAS,
    colour: bool = False,
    cut: int = 1,
    scope: str = "frame",
) -> Any:
    """Return each channel's logarithm less that of its surround, stretched to 0..255, (N, H, W, 3) float32 -> same.

    `R = mean over sigmas of log(v + 1) - log(G * v + 1)` with Gaussians G whose sigmas are shares of the frame's
    height; at the frame's edges G is normalised over the pixels that exist. With `colour`, R is multiplied by
    `log(125 (v + 1)) - log(sum over channels of (v + 1))`. What lies `cut` percent from either end of R (all channels
    together, every 4th row and column, of each frame or of the clip) becomes 0 and 255, which takes the place of the
    gains and offsets of the sources. Frames without detail are kept. Sources: Jobson, Rahman and Woodell, Properties
    and performance of a center/surround retinex, and A multiscale retinex for bridging the gap between color images
    and the human observation of scenes, IEEE TIP 1997 (sigmas 15, 80 and 250 pixels).
    """
    height, width = ops.shape(frames)[1:3]
    planes = ops.transpose(frames, (0, 3, 1, 2))
    scale = ops.cast(height, "float32")
    ratio = ops.zeros_like(planes)
    for sigma in sigmas:
        down, right = _gaussian(ops, height, sigma * scale), _gaussian(ops, width, sigma * scale)
        surround = ops.matmul(ops.matmul(down, planes), ops.transpose(right))
        ratio = ratio + (ops.log1p(planes) - ops.log1p(surround)) / len(sigmas)
    if colour:
        share = ops.log1p(planes) - ops.log(ops.sum(planes, axis=1, keepdims=True) + 3.0)
        ratio = ratio * (float(np.log(_ALPHA)) + share)
    ratio = ops.transpose(ratio, (0, 2, 3, 1))
    seen = ratio[:, ::_EVERY, ::_EVERY]
    together = 1 if scope == "clip" else ops.shape(frames)[0]
    size = ops.shape(seen)[0] * ops.shape(seen)[1] * ops.shape(seen)[2] * 3
    low, high = _range(ops, ops.reshape(seen, (together, size // together)), cut)
    low, span = low[:, None, None, None], (high - low)[:, None, None, None]
    stretched = ops.clip((ratio - low) * (255.0 / ops.maximum(span, _FLAT)), 0.0, 255.0)
    return ops.where(span < _FLAT, frames, stretched)


def _ratio_on_host(planes: np.ndarray, sigmas: tuple[float, ...], colour: bool) -> np.ndarray:
    """Return R of one frame's planes (3, H, W) float32."""
    sides = planes.shape[1:]
    own = _log1p(planes)
    ratio = own.copy()
    for sigma in sigmas:
        ratio -= _log1p(_surround(planes, sigma * sides[0])) / len(sigmas)
    if colour:
        ratio *= own + np.float32(np.log(_ALPHA)) - np.log(planes.sum(0) + np.float32(3.0))
    return ratio


def _surround(planes: np.ndarray, sigma: float) -> np.ndarray:
    """Return planes (3, H, W) smoothed by a Gaussian of sigma pixels, normalised over the pixels that exist."""
    sides = planes.shape[1:]
    wide = [side <= _LONG or sigma >= _WIDE * side for side in sides]
    smoothed = planes
    if not all(wide):  # a long side, and few pixels that count: its matrix is of full rank, and nearly empty
        radius = math.ceil(6 * sigma)
        kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2)).astype(np.float32)
        one = np.ones(1, np.float32)
        taps: Any = [one if narrow else kernel for narrow in wide[::-1]]
        weights: Any = cv2.sepFilter2D(np.ones(sides, np.float32), -1, taps[0], taps[1], borderType=cv2.BORDER_CONSTANT)
        blurred = [cv2.sepFilter2D(plane, -1, taps[0], taps[1], borderType=cv2.BORDER_CONSTANT) for plane in planes]
        smoothed = np.stack(blurred) / weights
    if not any(wide):
        return smoothed
    if all(wide):
        return _smooth(smoothed, *(_factors(side, sigma) for side in sides))
    along = wide.index(True)  # smoothed across already
    right, left = _factors(sides[along], sigma)
    flat = np.moveaxis(smoothed, along + 1, 1).reshape(len(planes), sides[along], -1)
    made = (left @ (right @ flat)).reshape(len(planes), sides[along], -1)
    return np.ascontiguousarray(np.moveaxis(made, 1, along + 1))


def _smooth(planes: np.ndarray, down: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> np.ndarray:
    """Return planes (3, H, W) smoothed along both sides, each by its two thin matrices.

    TensorFlow multiplies: NumPy's library splits each of these small products over all cores and waits for them, which
    takes ten times as long where other threads are busy.
    """
    with tf.device("CPU:0"):
        inner = tf.matmul(tf.matmul(down[0][None], planes), right[0][None], transpose_b=True)
        return tf.matmul(tf.matmul(down[1][None], inner), right[1][None], transpose_b=True).numpy()


def _log1p(planes: np.ndarray) -> np.ndarray:
    """Return log(v + 1), by OpenCV: NumPy's takes longer."""
    return cv2.log(planes.reshape(-1, planes.shape[-1]) + np.float32(1.0)).reshape(planes.shape)


def _range(xp: Any, values: Any, cut: int) -> tuple[Any, Any]:
    """Return the values (P, M) that `cut` percent lie below and above, (P,) each."""
    values = xp.sort(values, axis=1)
    last = xp.shape(values)[1] - 1
    skipped = last * cut // 100
    return xp.take(values, skipped, axis=1), xp.take(values, last - skipped, axis=1)


def _gaussian(xp: Any, size: Any, sigma: Any) -> Any:
    """Return the matrix (size, size) that smooths a side by a Gaussian; each row sums to 1."""
    index = xp.arange(size, dtype="float32")
    weights = xp.exp(-((index[:, None] - index[None, :]) ** 2) / (2.0 * sigma**2))
    return weights / xp.sum(weights, axis=1, keepdims=True)


@lru_cache(maxsize=64)
def _factors(size: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two thin matrices (r, size) and (size, r) whose product is the Gaussian's: a wide one has a low rank."""
    if size > _LONG:
        return _interpolated(size, sigma)
    left, strength, right = np.linalg.svd(_gaussian(np, size, np.float64(sigma)))
    kept = strength > 1e-7 * strength[0]
    return right[kept].astype(np.float32), (left * strength)[:, kept].astype(np.float32)


def _interpolated(size: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Return such matrices of a long side without its (size, size) matrix: the Gaussian between Chebyshev nodes."""
    count = math.ceil(10 * size / sigma) + 20
    angles = (np.arange(count) + 0.5) * np.pi / count
    nodes, signs = np.cos(angles), np.where(np.arange(count) % 2, -1.0, 1.0) * np.sin(angles)
    apart = np.linspace(-1.0, 1.0, size)[:, None] - nodes
    apart[apart == 0.0] = 1e-300
    basis = signs / apart
    basis /= basis.sum(axis=1, keepdims=True)  # barycentric (size, count); Berrut and Trefethen 2004
    scaled = sigma * 2.0 / (size - 1)
    between = basis @ np.exp(-((nodes[:, None] - nodes) ** 2) / (2.0 * scaled**2))
    between /= (between @ basis.sum(axis=0))[:, None]
    return basis.T.astype(np.float32), between.astype(np.float32)
