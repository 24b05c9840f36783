"""BIMEF: each frame fused with a longer exposure of itself that a camera's response model makes."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from keras import ops

from darkhar_cli.registry import register

_A, _B = -0.3293, 1.1258  # the camera response model's, of 201 cameras
_RATIOS = np.arange(1.0, 7.01, 0.25).astype(np.float32)  # of exposure, that are tried
_DARK = 0.5  # illumination below which pixels count as under-exposed
_EVERY = 4  # rows and columns that the entropy is taken from
_REACH, _SHARPNESS = 5, 1e-3  # pixels of a texture's window, and what keeps weights finite
_SOLVING = 80  # steps of conjugate gradients
_TINY = 1e-20
_LEVELS = 256


def bimef_on_host(frames: np.ndarray, mu: float = 0.5, smoothness: float = 0.5, scope: str = "clip") -> np.ndarray:
    """Return what `bimef` does as float32 (N, H, W, 3), of uint8 or float frames."""
    frames = frames.astype(np.float32)
    light = np.stack([_illumination_on_host(frame, smoothness) for frame in frames])
    out = np.empty_like(frames)
    for i in [slice(None)] if scope == "clip" else [slice(i, i + 1) for i in range(len(frames))]:
        levels, dark = _exposed(np, frames[i], light[i])
        counts = [np.bincount(row[dark.ravel()], minlength=_LEVELS) for row in levels.reshape(len(_RATIOS), -1)]
        ratio = _RATIOS[_entropy(np, np.array(counts, np.float32)).argmax()]
        out[i] = _fused(np, frames[i], light[i], ratio, mu)
    return out


@register("enhance", "bimef", host=bimef_on_host)
def bimef(frames: Any, mu: float = 0.5, smoothness: float = 0.5, scope: str = "clip") -> Any:
    """Return `W v + (1 - W) g(v, k)` of frames (N, H, W, 3) float32 0..255, with `W = T ** mu` of their illumination T.

    `g(v, k) = exp(1.1258 (1 - k ** a)) v ** (k ** a)`, a = -0.3293 and v of 0..1, is the frame at k times the
    exposure; k of 1..7 (steps of 0.25) gives the pixels with T below 0.5 the most entropy, in each frame or in the
    clip. T is the greatest channel smoothed, at half size, by `T + smoothness * L T = max over channels`, L the
    Laplacian weighted by texture. Source: Ying, Li and Gao, A bio-inspired multi-exposure fusion framework for
    low-light image enhancement, 2017 (github.com/baidut/BIMEF).
    """
    light = _illumination(frames, smoothness)
    levels, dark = _exposed(ops, frames, light)
    n = 1 if scope == "clip" else ops.shape(frames)[0]
    tried = len(_RATIOS)
    # Bins of every clip or frame and every exposure stand behind one another.
    levels = ops.reshape(
        ops.transpose(levels, (1, 0, 2, 3)), (n, -1, tried, ops.shape(levels)[2] * ops.shape(levels)[3])
    )
    first = ops.arange(n, dtype="int32")[:, None] * tried + ops.arange(tried, dtype="int32")[None, :]
    flat = ops.reshape(levels + first[:, None, :, None] * _LEVELS, (-1,))
    counted = ops.cast(ops.reshape(dark, (n, -1, 1, ops.shape(dark)[1] * ops.shape(dark)[2])), "float32")
    weights = ops.reshape(ops.broadcast_to(counted, ops.shape(levels)), (-1,))
    counts = ops.segment_sum(weights, flat, num_segments=n * tried * _LEVELS)
    best = ops.argmax(_entropy(ops, ops.reshape(counts, (n, tried, _LEVELS))), axis=-1)
    ratio = ops.take(ops.convert_to_tensor(_RATIOS), best)[:, None, None, None]
    return _fused(ops, frames, light, ratio, mu)


def _answer(xp: Any, value: Any, ratio: Any) -> Any:
    """Return values 0..1 at so many times the exposure."""
    power = ratio**_A
    return xp.exp(_B * (1.0 - power)) * value**power


def _fused(xp: Any, frames: Any, light: Any, ratio: Any, mu: float) -> Any:
    share = xp.clip(light, 0.0, 1.0)[..., None] ** mu
    value = frames / np.float32(255.0)
    return xp.clip(255.0 * (share * value + (1.0 - share) * _answer(xp, value, ratio)), 0.0, 255.0)


def _exposed(xp: Any, frames: Any, light: Any) -> tuple[Any, Any]:
    """Return the grey levels (K, N, h, w) int32 of some pixels at every exposure, and which are dark (N, h, w)."""
    some = frames[:, ::_EVERY, ::_EVERY] / np.float32(255.0)
    grey = (some[..., 0] * some[..., 1] * some[..., 2]) ** (1.0 / 3.0)
    made = xp.stack([_answer(xp, grey, float(ratio)) for ratio in _RATIOS])
    levels = xp.round(xp.clip(255.0 * made, 0.0, 255.0))
    levels = levels.astype(np.int32) if xp is np else ops.cast(levels, "int32")
    return levels, light[:, ::_EVERY, ::_EVERY] < _DARK


def _entropy(xp: Any, counts: Any) -> Any:
    """Return the entropy (...) of histograms (..., 256), the first exposure's a little more where all are alike."""
    share = counts / xp.maximum(xp.sum(counts, axis=-1, keepdims=True), 1.0)
    return xp.round(-xp.sum(share * xp.log(xp.maximum(share, 1e-12)), axis=-1) * 1e4)


def _illumination(frames: Any, smoothness: float) -> Any:
    """Return the smoothed illumination (N, H, W) of frames."""
    light = ops.max(frames, axis=-1) / 255.0
    height, width = ops.shape(light)[1:]
    even = ops.pad(light, ((0, 0), (0, height % 2), (0, width % 2)), mode="symmetric") if _odd(height, width) else light
    half = _halved(even)
    smooth = _solved(ops, half, smoothness, lambda steps, step, state: ops.fori_loop(0, steps, step, state))
    size = 2 * ops.shape(half)[1], 2 * ops.shape(half)[2]
    return ops.image.resize(smooth[..., None], size, interpolation="bilinear")[:, :height, :width, 0]


def _odd(height: Any, width: Any) -> bool:
    return not (isinstance(height, int) and isinstance(width, int)) or bool(height % 2 or width % 2)


def _halved(light: Any) -> Any:
    return 0.25 * (light[..., ::2, ::2] + light[..., 1::2, ::2] + light[..., ::2, 1::2] + light[..., 1::2, 1::2])


def _illumination_on_host(frame: np.ndarray, smoothness: float) -> np.ndarray:
    """Return the smoothed illumination (H, W) of a frame."""
    light = frame.max(axis=-1) / np.float32(255.0)
    height, width = light.shape
    half = _halved(np.pad(light, ((0, height % 2), (0, width % 2)), mode="edge"))
    smooth = _solved(np, half, smoothness, _loop)
    return cv2.resize(smooth, (2 * half.shape[1], 2 * half.shape[0]))[:height, :width]


def _loop(steps: int, step: Callable[[Any, Any], Any], state: Any) -> Any:
    for i in range(steps):
        state = step(i, state)
    return state


def _solved(xp: Any, light: Any, smoothness: float, loop: Callable[..., Any]) -> Any:
    """Return the solution x (..., h, w) of `x + smoothness * L x = light`, by preconditioned conjugate gradients."""
    right, down = (smoothness * part for part in _texture_weights(xp, light))
    scale = 1.0 + right + xp.roll(right, 1, axis=-1) + down + xp.roll(down, 1, axis=-2)

    def apply(x: Any) -> Any:
        across, along = right * (xp.roll(x, -1, axis=-1) - x), down * (xp.roll(x, -1, axis=-2) - x)
        return x - across + xp.roll(across, 1, axis=-1) - along + xp.roll(along, 1, axis=-2)

    def dot(a: Any, b: Any) -> Any:
        return xp.sum(a * b, axis=(-2, -1), keepdims=True)

    def step(_: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        x, rest, way, size = state
        image = apply(way)
        far = size / xp.maximum(dot(way, image), _TINY)
        x, rest = x + far * way, rest - far * image
        next_size = dot(rest, rest / scale)
        return x, rest, rest / scale + (next_size / xp.maximum(size, _TINY)) * way, next_size

    rest = light - apply(light)
    return loop(_SOLVING, step, (light, rest, rest / scale, dot(rest, rest / scale)))[0]


def _texture_weights(xp: Any, light: Any) -> list[Any]:
    """Return weights of the steps to the right and downwards: small where a window's steps do not cancel out."""
    found = []
    for axis in (-1, -2):
        step = xp.roll(light, -1, axis=axis) - light
        window = sum(xp.roll(step, shift, axis=axis) for shift in range(-(_REACH // 2), _REACH // 2 + 1))
        found.append(1.0 / (xp.abs(window) * xp.abs(step) + _SHARPNESS))
    return found
